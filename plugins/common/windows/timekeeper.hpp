// Timekeeper of Windows: the highest priority for the thread that wakes the others, and timers of a millisecond for the
// process.
#pragma once

#include <heddle/port/timekeeper.h>

namespace heddle::port {

extern const HeddleTimekeeper timekeeper;

// Gives the timer resolution back.
void close_timekeeper();

}  // namespace heddle::port
