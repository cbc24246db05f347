// The table that the core handed to open, and a log line with a number or a name in it.
#pragma once

#include <heddle/port/port.h>

namespace heddle::port {

// Null before open and after close.
extern const HeddleHost* host;

// One line to the core's log, formatted as by snprintf and cut at 500 bytes. Not async-signal-safe.
[[gnu::format(printf, 2, 3)]] void log_line(int32_t level, const char* format, ...);

}  // namespace heddle::port
