// Census: every fiber that exists, found through the stacks that were ever handed out.
//
// A control block lies where block_place() says, on a stack of its own, so nobody keeps a list, and making and recycling
// fibers costs a store to FiberBlock::incarnation. A stack is never unmapped before its pool ends: what is read here may be old, and
// incarnation says whether it is, but it can be read.
#pragma once

#include "sched/fiber_block.hpp"
#include "stack/stack_pool.hpp"

#include <cstdint>

namespace heddle::sched {

/// Where the control block of the fiber on that stack is.
FiberBlock* block_place(const stack::Stack& stack) noexcept;

/// Does the block belong to a fiber, one that may have ended but whose block nobody has given back?
inline bool in_use(const FiberBlock& fiber) noexcept {
  return fiber.incarnation.load(std::memory_order_acquire) % 2 != 0;
}

inline void begin_use(FiberBlock& fiber) noexcept {
  fiber.incarnation.store(fiber.incarnation.load(std::memory_order_relaxed) | 1, std::memory_order_release);
}

inline void end_use(FiberBlock& fiber) noexcept {
  const std::uint32_t incarnation = fiber.incarnation.load(std::memory_order_relaxed);
  fiber.incarnation.store(incarnation + incarnation % 2, std::memory_order_release);
}

/// Calls visit(block) for each block that is in use. Fibers come and go meanwhile, unless the world is stopped; even then
/// ordinary threads make some, and give those back that have ended. Allocates nothing. Any thread.
template <class Visit>
void for_each_fiber(stack::StackPool& stacks, Visit visit) {
  stacks.for_each_given([&](const stack::Stack& stack) {
    FiberBlock& fiber = *block_place(stack);
    if (in_use(fiber)) visit(fiber);
  });
}

/// The fiber of that number, null when there is none.
inline FiberBlock* find_fiber(stack::StackPool& stacks, std::uint64_t number) {
  FiberBlock* found = nullptr;
  for_each_fiber(stacks, [&](FiberBlock& fiber) {
    if (fiber.number == number && fiber.joiner.load(std::memory_order_acquire) != kEnded) found = &fiber;
  });
  return found;
}

}  // namespace heddle::sched
