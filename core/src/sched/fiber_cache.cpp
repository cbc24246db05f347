#include "sched/fiber_cache.hpp"

#include "sched/census.hpp"

#include <atomic>
#include <memory>
#include <mutex>
#include <new>

namespace heddle::sched {

namespace {

// Stacks are aligned to their size, so all control blocks would fall into the same few sets of the caches. Shifting
// them by a multiple of this many bytes spreads them, and still leaves the first half page of the stack beside the
// block.
constexpr std::size_t kColourBytes = 256;
constexpr std::size_t kColours = 8;

/// Of the depot's list; the field has no other use in a block that nobody uses.
FiberBlock* next_magazine(const FiberBlock* magazine) {
  return static_cast<FiberBlock*>(magazine->closure);
}

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

void release_fiber_block(stack::StackPool& stacks, FiberBlock* fiber, bool old) noexcept {
  const stack::Stack stack = fiber->stack;
  tools::given_back(fiber->tools, stack);
  std::destroy_at(fiber);
  stacks.release(stack, old);
}

FiberDepot::~FiberDepot() {
  if (!base::kThreadSanitizer) return;  // the memory goes with the pool
  age();
  while (FiberBlock* fiber = take_old()) {
    for (; fiber; fiber = fiber->link) tools::given_back(fiber->tools, fiber->stack);
    age();
  }
}

FiberBlock* FiberDepot::pop() noexcept {
  FiberBlock*& list = young_ ? young_ : old_;
  FiberBlock* magazine = list;
  if (magazine) list = next_magazine(magazine);
  note_old();
  return magazine;
}

void FiberDepot::note_old() noexcept {
  has_old_.store(old_ || old_loose_, std::memory_order_relaxed);
}

FiberBlock* FiberDepot::take() noexcept {
  std::lock_guard lock(lock_);
  return pop();
}

void FiberDepot::put(FiberBlock* magazine) noexcept {
  std::lock_guard lock(lock_);
  magazine->closure = std::exchange(young_, magazine);
}

FiberBlock* FiberDepot::take_one() {
  {
    std::lock_guard lock(lock_);
    if (!loose_) loose_ = old_loose_ ? std::exchange(old_loose_, nullptr) : pop();
    note_old();
    if (loose_) return std::exchange(loose_, loose_->link);
  }
  return make_fiber_block(stacks_, 0);
}

void FiberDepot::age() noexcept {
  std::lock_guard lock(lock_);
  if (!old_) old_ = std::exchange(young_, nullptr);  // else nobody has come for them yet
  if (!old_loose_) old_loose_ = std::exchange(loose_, nullptr);
  note_old();
}

FiberBlock* FiberDepot::take_old() noexcept {
  std::lock_guard lock(lock_);
  FiberBlock* fiber = std::exchange(old_loose_, nullptr);
  if (!fiber && old_) fiber = std::exchange(old_, next_magazine(old_));
  note_old();
  return fiber;
}

bool FiberDepot::has_idle() noexcept {
  std::lock_guard lock(lock_);
  return young_ || old_ || loose_ || old_loose_;
}

FiberBlock* FiberCache::take_further() {
  first_ = full_ ? std::exchange(full_, nullptr) : depot_.take();
  if (!first_) return make_fiber_block(depot_.stacks(), 0);
  size_ = most_ - 1;
  return std::exchange(first_, first_->link);
}

void FiberCache::put_further(FiberBlock* fiber) noexcept {
  if (most_ == 0) return release_fiber_block(depot_.stacks(), fiber);
  if (full_) depot_.put(full_);
  full_ = first_;
  fiber->link = nullptr;
  first_ = fiber;
  size_ = 1;
}

std::uint64_t FiberCache::reserve_numbers() {
  static std::atomic<std::uint64_t> next{0};
  return next.fetch_add(kNumbers, std::memory_order_relaxed);
}

}  // namespace heddle::sched
