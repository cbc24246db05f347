// FiberCache: control blocks with stacks of the default size that wait to be used again, for one processor, without a
// lock.
//
// A cache has at most two magazines: the one in use, and one that is full. What is more goes to the depot that all share, a magazine at a
// time, and comes from there, so that few stacks are idle on one processor while another one makes new ones. (Bonwick and Adams,
// "Magazines and Vmem", 2001.)
#pragma once

#include "sched/fiber_block.hpp"
#include "stack/stack_pool.hpp"

#include <heddle/detail/wait_list.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace heddle::sched {

/// Makes a control block at the high end of a stack. Throws as StackPool::allocate does.
FiberBlock* make_fiber_block(stack::StackPool& stacks, std::size_t stack_size);

/// Gives a control block's stack back; the block is gone then. `old`: see StackPool::release.
void release_fiber_block(stack::StackPool& stacks, FiberBlock* fiber, bool old = false) noexcept;

/// Full magazines: so many linked blocks, known by the first. Any thread.
class FiberDepot {
 public:
  static constexpr std::uint32_t kMagazine = 16;

  explicit FiberDepot(stack::StackPool& stacks) : stacks_(stacks) {}
  ~FiberDepot();
  FiberDepot(const FiberDepot&) = delete;
  FiberDepot& operator=(const FiberDepot&) = delete;

  /// Null when there is none.
  FiberBlock* take() noexcept;

  void put(FiberBlock* magazine) noexcept;

  /// For who has no cache. Throws as StackPool::allocate does.
  FiberBlock* take_one();

  /// The magazines that have been here since the last call are old from now on.
  void age() noexcept;

  /// An old one, or what is left of it. Null when there is none.
  FiberBlock* take_old() noexcept;

  bool has_old() const { return has_old_.load(std::memory_order_relaxed); }

  /// Is there any?
  bool has_idle() noexcept;

  stack::StackPool& stacks() { return stacks_; }

 private:
  FiberBlock* pop() noexcept;  // REQUIRES: lock_ is held, as the next one
  void note_old() noexcept;

  stack::StackPool& stacks_;
  std::atomic<bool> has_old_{false};  // written under lock_. All that follows: guarded by it
  detail::SpinLock lock_;
  FiberBlock* young_ = nullptr;
  FiberBlock* old_ = nullptr;
  FiberBlock* loose_ = nullptr;  // what is left of a magazine that single blocks were taken of
  FiberBlock* old_loose_ = nullptr;
};

class FiberCache {
 public:
  explicit FiberCache(FiberDepot& depot)
      : depot_(depot), most_(depot.stacks().release_after().count() == 0 ? 0 : FiberDepot::kMagazine) {}

  // The memory goes with the pool; only ThreadSanitizer's would stay.
  ~FiberCache() {
    for (FiberBlock* fiber : take_all()) {
      for (; base::kThreadSanitizer && fiber; fiber = fiber->link) tools::given_back(fiber->tools, fiber->stack);
    }
  }
  FiberCache(const FiberCache&) = delete;
  FiberCache& operator=(const FiberCache&) = delete;

  FiberBlock* take() {
    FiberBlock* fiber = first_;
    if (!fiber) return take_further();
    first_ = fiber->link;
    --size_;
    return fiber;
  }

  /// The fiber has ended and nobody refers to it.
  void put(FiberBlock* fiber) noexcept {
    if (size_ == most_) return put_further(fiber);
    fiber->link = first_;
    first_ = fiber;
    ++size_;
  }

  /// All of them, in two parts; each is linked or null.
  std::array<FiberBlock*, 2> take_all() noexcept {
    size_ = 0;
    return {std::exchange(first_, nullptr), std::exchange(full_, nullptr)};
  }

  bool empty() const { return !first_ && !full_; }

  /// A number that no other fiber has; the second form needs no cache of one's own.
  std::uint64_t new_number() {
    if (number_ % kNumbers == 0) number_ = reserve_numbers();
    return ++number_;
  }
  static std::uint64_t new_shared_number() { return reserve_numbers() + 1; }

 private:
  static constexpr std::uint64_t kNumbers = 1024;  // taken at a time

  static std::uint64_t reserve_numbers();
  FiberBlock* take_further();
  void put_further(FiberBlock* fiber) noexcept;

  FiberDepot& depot_;
  const std::uint32_t most_;  // 0 where stacks go back at once
  std::uint32_t size_ = 0;    // of the magazine in use
  FiberBlock* first_ = nullptr;
  FiberBlock* full_ = nullptr;  // the other one
  std::uint64_t number_ = 0;
};

}  // namespace heddle::sched
