// ThreadWatch on Windows: what a thread has used of its processor, and a barrier on all of them. Their number is not told.
#pragma once

#include <heddle/port/thread_watch.h>

namespace heddle::port {

extern const HeddleThreadWatch thread_watch;

}  // namespace heddle::port
