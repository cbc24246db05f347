// FaultWatch of Linux: the signals that the kernel sends for a fault, and abort()'s.
#pragma once

#include <heddle/port/fault_watch.h>

namespace heddle::port {

extern const HeddleFaultWatch fault_watch;

// In the child of a fork: the faults are nobody's but the kernel's again. Async-signal-safe.
void drop_fault_watch();

}  // namespace heddle::port
