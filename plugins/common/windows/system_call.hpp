// Whether a thread that stands still does so in a system call.
#pragma once

#include <cstdint>

namespace heddle::port {

// REQUIRES: a thread is suspended that goes on at `pc`.
bool is_behind_system_call(uintptr_t pc);

}  // namespace heddle::port
