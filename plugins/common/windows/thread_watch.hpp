// ThreadWatch on Windows: the cycles that a thread has used, a barrier on all of them, and their number.
#pragma once

#include <heddle/port/thread_watch.h>

namespace heddle::port {

extern const HeddleThreadWatch thread_watch;

}  // namespace heddle::port
