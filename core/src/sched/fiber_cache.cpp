#include "sched/fiber_cache.hpp"

#include <atomic>
#include <memory>
#include <new>

namespace heddle::sched {

namespace {

// Stacks are aligned to their size, so all control blocks would fall into the same few sets of the caches. Shifting
// them by a multiple of this many bytes spreads them, and still leaves the first half page of the stack beside the
// block.
constexpr std::size_t kColourBytes = 256;
constexpr std::size_t kColours = 8;

}  // namespace

FiberBlock* make_fiber_block(stack::StackPool& stacks, std::size_t stack_size) {
  static std::atomic<std::size_t> colour{0};
  const stack::Stack stack = stacks.allocate(stack_size);
  const std::size_t shift = colour.fetch_add(1, std::memory_order_relaxed) % kColours * kColourBytes;
  auto place = reinterpret_cast<std::uintptr_t>(stack.hi) - sizeof(FiberBlock) - shift;
  auto* fiber = ::new (reinterpret_cast<void*>(place & ~std::uintptr_t{63})) FiberBlock;
  fiber->stack = stack;
  fiber->stack_guard = reinterpret_cast<std::uintptr_t>(stack.lo);
  return fiber;
}

void release_fiber_block(stack::StackPool& stacks, FiberBlock* fiber) noexcept {
  const stack::Stack stack = fiber->stack;
  tools::given_back(fiber->tools, stack);
  std::destroy_at(fiber);
  stacks.release(stack);
}

std::uint64_t FiberCache::reserve_numbers() {
  static std::atomic<std::uint64_t> next{0};
  return next.fetch_add(kNumbers, std::memory_order_relaxed);
}

}  // namespace heddle::sched
