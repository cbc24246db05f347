// Preempters `signal` and `timer` of Linux. A request is a signal to the worker's thread; its handler runs on the worker's own alternate
// stack and hands the interrupted context to the core. Under `timer` the same signal also comes from a timer of the thread's own.
#pragma once

#include <heddle/port/preempter.h>

namespace heddle::port {

extern HeddlePreempter signal_preempter;
extern HeddlePreempter timer_preempter;

// Reads the options and installs the handler. REQUIRES: open_machine has succeeded.
int32_t open_signal_preempter();

// Puts the program's handler back.
void close_signal_preempter();

}  // namespace heddle::port
