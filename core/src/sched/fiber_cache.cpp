#include "sched/fiber_cache.hpp"

#include "sched/census.hpp"

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

FiberBlock* block_place(const stack::Stack& stack) noexcept {
  const auto size = static_cast<std::size_t>(stack.hi - stack.base);
  const auto top = reinterpret_cast<std::uintptr_t>(stack.hi);
  const std::uintptr_t place = top - sizeof(FiberBlock) - top / size % kColours * kColourBytes;
  return reinterpret_cast<FiberBlock*>(place & ~std::uintptr_t{63});
}

FiberBlock* make_fiber_block(stack::StackPool& stacks, std::size_t stack_size) {
  const stack::Stack stack = stacks.allocate(stack_size);
  auto* fiber = ::new (static_cast<void*>(block_place(stack))) FiberBlock;
  fiber->stack = stack;
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
