// StackMemory of Linux: one mapping for many stacks, guards that cost no mappings where the kernel has them.
#pragma once

#include <heddle/port/stack_memory.h>

namespace heddle::port {

extern HeddleStackMemory stack_memory;

// Fills in the page size, and finds out which guards the kernel has.
void open_stack_memory();

}  // namespace heddle::port
