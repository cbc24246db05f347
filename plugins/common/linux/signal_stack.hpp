// Memory for an alternate signal stack: a guard, the stack, and a record of whoever wants one, in this order upwards.
#pragma once

#include <cstddef>
#include <cstdint>

namespace heddle::port {

struct SignalStack {
  void* mapping = nullptr;  // null: there was no memory
  size_t mapping_bytes = 0;
  uintptr_t lo = 0;
  uintptr_t hi = 0;  // where the record lies, aligned to 64 bytes
};

// What the kernel's signal frame takes at most.
size_t signal_frame_bytes();

SignalStack map_signal_stack(size_t record_bytes);
void unmap_signal_stack(const SignalStack& stack);

}  // namespace heddle::port
