// See host.hpp.
#include "host.hpp"

#include <cstdarg>
#include <cstdio>

namespace heddle::port {

const HeddleHost* host = nullptr;

void log_line(int32_t level, const char* format, ...) {
  if (host == nullptr) return;
  char line[500];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  host->log(level, line);
}

}  // namespace heddle::port
