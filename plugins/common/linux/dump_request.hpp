// DumpRequest of Linux: SIGQUIT, which terminals send for Ctrl-\.
#pragma once

#include <heddle/port/dump_request.h>

namespace heddle::port {

extern const HeddleDumpRequest dump_request;

// In the child of a fork: the signal is nobody's but the kernel's again. Async-signal-safe.
void drop_dump_request();

}  // namespace heddle::port
