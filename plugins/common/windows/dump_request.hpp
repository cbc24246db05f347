// DumpRequest of Windows: Ctrl-Break in the console.
#pragma once

#include <heddle/port/dump_request.h>

namespace heddle::port {

extern const HeddleDumpRequest dump_request;

}  // namespace heddle::port
