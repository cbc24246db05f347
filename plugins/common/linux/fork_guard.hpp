// Fork guard of Linux: the child of a fork() is a process that never heard of the runtime, but for its memory.
//
// fork() copies the calling thread alone, with its mask, its alternate stack, its word of thread-local storage, and the process's
// dispositions; timers and pending signals it doesn't copy. So nothing interrupts the child, and what is left to do is put back what
// Preempter::enter and open changed, forget the worker and tell the core (HeddleHost::forked). The preemption signal is blocked
// around the call, so that no fiber gives way half-way through it, in the program's own handlers of pthread_atfork(3) for example.
// posix_spawn(3), system(3), popen(3) and vfork(2) share the parent's memory until the exec and run no such handlers. They
// need none: the signals go to the parent's thread, and exec resets the handler.
#pragma once

#include <cstdint>

namespace heddle::port {

// REQUIRES: called from open, and close_fork_guard from close.
int32_t open_fork_guard();
void close_fork_guard();

}  // namespace heddle::port
