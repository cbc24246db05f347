// Split stacks: code whose functions compare the stack pointer with a word of their thread before they make a frame, and ask for
// more stack where it is less. The word belongs to the stack that the thread is on, so a switch has to change it; where the program has
// no such code that costs a look at Worker::stack_limit, which is null then.
#pragma once

#include "sched/fiber_block.hpp"
#include "sched/worker.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace heddle::sched {

/// What is left to code that has no split stacks, the C library's for example, and does not ask, in bytes.
inline constexpr std::size_t kUnsplitBytes = 16 * 1024;

/// Is there such code in the program?
inline std::atomic<bool> split_code_exists{false};

/// The worker's thread runs fibers now, or does so no more.
void begin_stack_limit(Worker& worker) noexcept;
void end_stack_limit(Worker& worker) noexcept;

/// The worker's thread is about to go on on that fiber's stack.
inline void set_stack_limit(const Worker& worker, const FiberBlock& fiber) noexcept {
  if (worker.stack_limit) [[unlikely]]
    *worker.stack_limit = fiber.room->guard + kUnsplitBytes;
}

/// The same where the worker is not at hand. In the child of a fork there is none.
void set_stack_limit(const FiberBlock& fiber) noexcept;

/// The worker's thread is about to go on on its system stack, which grows by itself.
inline void clear_stack_limit(const Worker& worker) noexcept {
  if (worker.stack_limit) [[unlikely]]
    *worker.stack_limit = 0;
}

}  // namespace heddle::sched
