// What memory a stack has: the bounds that the thread block must have while a context runs on it.
#pragma once

#include <cstdint>

#include "machine.h"

namespace heddle::port {

// The bounds of a stack that lies in [lo, hi) and shall hold `bytes` below hi, with nobody running on it. Commits what is
// missing: hi may lie below the pages that are committed, when something large has been put on top of the stack.
HeddleStackBounds prepare_stack(uintptr_t lo, uintptr_t hi, uintptr_t bytes);

// The bounds of a stack of which only the top is known.
HeddleStackBounds find_stack_bounds(uintptr_t hi);

}  // namespace heddle::port
