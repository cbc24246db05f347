// VdsoCaller of Linux: the tables `vdso` and `syscall`. The calls themselves are vdso.S.
#pragma once

#include <heddle/port/vdso_caller.h>

namespace heddle::port {

extern HeddleVdsoCaller vdso_caller;  // falls back to the system call where there is no vDSO
extern const HeddleVdsoCaller syscall_caller;

// Finds the vDSO and its clock. Logs once when it has none.
void open_vdso_clock();

}  // namespace heddle::port
