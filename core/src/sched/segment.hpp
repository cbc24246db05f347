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
  Room room;
  // Of what goes on when this one is left:
  const Room* outer = nullptr;
  const HeddleContextSwitcher* switcher = nullptr;
  const void* outer_sp = nullptr;  // all that it needs lies above
  [[no_unique_address]] tools::StackState outer_tools;
};

/// The stack that the fiber is on, or is parked on. REQUIRES: the caller runs the fiber, or it does not run.
inline const stack::Stack& current_stack(const FiberBlock& fiber) noexcept {
  return fiber.room->segment ? fiber.room->segment->stack : fiber.stack;
}

}  // namespace heddle::sched
