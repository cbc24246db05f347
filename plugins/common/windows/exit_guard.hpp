// Holds suspensions off for good when the process exits, whoever makes it exit.
#pragma once

#include <cstdint>

namespace heddle::port {

// Stands before the system's functions that end the process, from now on. Does nothing when it does already.
int32_t keep_exit_guard();

// The modules call the system's functions again. A thread that has come into the guard's goes on in it: the port is never
// unmapped.
void close_exit_guard();

}  // namespace heddle::port
