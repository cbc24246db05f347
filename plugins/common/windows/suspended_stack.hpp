// Writing on the stack of a thread that stands still.
#pragma once

#include <cstddef>
#include <cstdint>

namespace heddle::port {

// Stores `bytes` bytes of `frame` at `address` on the stack of a suspended thread. False, and nothing stored, when that memory is not
// committed. At most a page; takes no lock.
bool store_on_suspended_stack(uintptr_t address, const void* frame, size_t bytes);

}  // namespace heddle::port
