// Preempter `suspend` of Windows: the requester itself suspends the worker's thread, and hands the interrupted context to
// the core.
#pragma once

#include <heddle/port/preempter.h>

namespace heddle::port {

extern HeddlePreempter suspend_preempter;

// REQUIRES: open_machine and open_stack_memory have been called.
void open_suspend_preempter();

}  // namespace heddle::port
