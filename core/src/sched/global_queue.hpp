// GlobalQueue: ready fibers that belong to no processor: those that a full ring spilled, that were preempted, or that
// an ordinary thread made ready. First in, first out, under a lock; its size is known without it.
#pragma once

#include "sched/fiber_block.hpp"

#include <heddle/detail/wait_list.hpp>

#include <atomic>
#include <cstdint>
#include <mutex>

namespace heddle::sched {

class GlobalQueue {
 public:
  void push(FiberBlock* fiber) {
    fiber->link = nullptr;
    push_chain(fiber, fiber, 1);
  }

  /// Adds `count` fibers that are linked from `first` to `last`.
  void push_chain(FiberBlock* first, FiberBlock* last, std::uint32_t count) {
    std::lock_guard guard(lock_);
    (last_ ? last_->link : first_) = first;
    last_ = last;
    // seq_cst: see Scheduler::wake_one.
    size_.fetch_add(count, std::memory_order_seq_cst);
  }

  /// Up to `most` fibers as a chain that ends with null; `count` says how many.
  FiberBlock* pop_chain(std::uint32_t most, std::uint32_t& count) {
    std::lock_guard guard(lock_);
    FiberBlock* const chain = first_;
    FiberBlock* last = nullptr;
    for (count = 0; count < most && first_; ++count) {
      last = first_;
      first_ = first_->link;
    }
    if (last) last->link = nullptr;
    if (!first_) last_ = nullptr;
    size_.store(size_.load(std::memory_order_relaxed) - count, std::memory_order_relaxed);
    return count ? chain : nullptr;
  }

  std::uint32_t size() const { return size_.load(std::memory_order_seq_cst); }

 private:
  detail::SpinLock lock_;
  FiberBlock* first_ = nullptr;         // guarded by lock_
  FiberBlock* last_ = nullptr;          // guarded by lock_
  std::atomic<std::uint32_t> size_{0};  // written under lock_
};

}  // namespace heddle::sched
