// DumpRequest of Linux: SIGQUIT, which terminals send for Ctrl-\.
#pragma once

#include <heddle/port/dump_request.h>

namespace heddle::port {

extern const HeddleDumpRequest dump_request;

}  // namespace heddle::port
