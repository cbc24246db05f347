// ThreadWatch on Linux: the CPU clock and the state of a thread, a barrier on all of them, and their number.
#pragma once

#include <heddle/port/thread_watch.h>

namespace heddle::port {

extern const HeddleThreadWatch thread_watch;

// Registers the process for membarrier(2); without that fence fails.
void open_thread_watch();

}  // namespace heddle::port
