// Segment: a stack that a fiber goes on on where the one before has too little room (growth.cpp). It lies at the high end of
// its own memory, as a control block does.
#pragma once

#include "sched/fiber_block.hpp"
#include "sched/tool_hooks.hpp"
#include "stack/stack_pool.hpp"

#include <heddle/port/context_switcher.h>

#include <cstddef>
#include <cstdint>

namespace heddle::sched {

struct Segment : HeddleSegment {
  stack::Stack stack;
  std::uintptr_t guard = 0;  // FiberBlock::stack_guard while the fiber is on it
  // Of what goes on when this one is left:
  Segment* outer = nullptr;  // null: the stack that the fiber began on
  const void* outer_sp = nullptr;
  std::uintptr_t outer_guard = 0;
  [[no_unique_address]] tools::StackState outer_tools;
};

/// The stack that the fiber is on, or is parked on. REQUIRES: the caller runs the fiber, or it does not run.
inline const stack::Stack& current_stack(const FiberBlock& fiber) noexcept {
  return fiber.segment ? fiber.segment->stack : fiber.stack;
}

}  // namespace heddle::sched
