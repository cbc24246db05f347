// FaultWatch of Windows: structured exceptions that nobody handles.
#pragma once

#include <heddle/port/fault_watch.h>

namespace heddle::port {

extern const HeddleFaultWatch fault_watch;

}  // namespace heddle::port
