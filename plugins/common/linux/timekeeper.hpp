// Timekeeper of Linux: exact timers and a short slice for the thread that wakes the others.
#pragma once

#include <heddle/port/timekeeper.h>

namespace heddle::port {

extern const HeddleTimekeeper timekeeper;

}  // namespace heddle::port
