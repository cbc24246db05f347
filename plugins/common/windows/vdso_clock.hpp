// VdsoCaller of Windows: the tables `vdso`, `performance-counter` and `syscall`. What stands in for a vDSO is a page of
// data that the kernel keeps current and every process has; reading it is vdso.S.
#pragma once

#include <heddle/port/vdso_caller.h>

namespace heddle::port {

extern HeddleVdsoCaller vdso_caller;  // falls back to the performance counter where the page has no time
extern const HeddleVdsoCaller counter_caller;
extern const HeddleVdsoCaller syscall_caller;

// Finds out whether the page's clock goes. Logs once when it does not. The first call may take a tick of the system's
// clock, 16 ms.
void open_vdso_clock();

}  // namespace heddle::port
