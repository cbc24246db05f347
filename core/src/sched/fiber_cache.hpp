// FiberCache: control blocks with stacks of the default size that wait to be used again, for one processor, without a
// lock.
#pragma once

#include "sched/fiber_block.hpp"
#include "stack/stack_pool.hpp"

#include <cstddef>
#include <cstdint>

namespace heddle::sched {

/// Makes a control block at the high end of a stack. Throws as StackPool::allocate does.
FiberBlock* make_fiber_block(stack::StackPool& stacks, std::size_t stack_size);

/// Gives a control block's stack back; the block is gone then.
void release_fiber_block(stack::StackPool& stacks, FiberBlock* fiber) noexcept;

class FiberCache {
 public:
  explicit FiberCache(stack::StackPool& stacks) : stacks_(stacks) {}

  // The memory goes with the pool; only ThreadSanitizer's would stay.
  ~FiberCache() {
    for (; base::kThreadSanitizer && first_; first_ = first_->link) tools::given_back(first_->tools, first_->stack);
  }
  FiberCache(const FiberCache&) = delete;
  FiberCache& operator=(const FiberCache&) = delete;

  FiberBlock* take() {
    FiberBlock* fiber = first_;
    if (!fiber) return make_fiber_block(stacks_, 0);
    first_ = fiber->link;
    --size_;
    return fiber;
  }

  /// The fiber has ended and nobody refers to it.
  void put(FiberBlock* fiber) noexcept {
    if (size_ >= kMost) return release_fiber_block(stacks_, fiber);
    fiber->link = first_;
    first_ = fiber;
    ++size_;
  }

  /// A number that no other fiber has; the second form needs no cache of one's own.
  std::uint64_t new_number() {
    if (number_ % kNumbers == 0) number_ = reserve_numbers();
    return ++number_;
  }
  static std::uint64_t new_shared_number() { return reserve_numbers() + 1; }

 private:
  static constexpr std::uint32_t kMost = 1024;
  static constexpr std::uint64_t kNumbers = 1024;  // taken at a time

  static std::uint64_t reserve_numbers();

  stack::StackPool& stacks_;
  FiberBlock* first_ = nullptr;
  std::uint32_t size_ = 0;
  std::uint64_t number_ = 0;
};

}  // namespace heddle::sched
