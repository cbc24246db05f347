// StackMemory of Windows: one reservation for many stacks, each of which grows as the system's own stacks do.
#pragma once

#include <heddle/port/stack_memory.h>

#include <cstdint>

namespace heddle::port {

extern HeddleStackMemory stack_memory;

// How many of a stack's lowest pages the thread runs into an overflow for: the system keeps one, and leaves two (one on
// 386) to whoever handles the overflow.
inline constexpr uint32_t kOverflowPages = 3;

// Fills in the page size.
void open_stack_memory();

}  // namespace heddle::port
