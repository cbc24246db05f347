// GlobalQueue: ready fibers that belong to no processor: those that a full ring spilled, that were preempted, or that
// an ordinary thread woke. Under a lock; its size is known without it.
//
// Two lines, each first in, first out: one that was woken goes before those that have had their turn, but not before more than
// kWokenInARow of them.
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
    others_.append(first, last);
    // seq_cst: see Scheduler::wake_one.
    size_.fetch_add(count, std::memory_order_seq_cst);
  }

  void push_woken(FiberBlock* fiber) {
    std::lock_guard guard(lock_);
    fiber->link = nullptr;
    woken_.append(fiber, fiber);
    woken_size_.store(woken_size_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    wakes_.store(wakes_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    size_.fetch_add(1, std::memory_order_seq_cst);
  }

  /// Up to `most` fibers as a chain that ends with null; `count` says how many.
  FiberBlock* pop_chain(std::uint32_t most, std::uint32_t& count) {
    std::lock_guard guard(lock_);
    Line chain;
    for (count = 0; count < most && (woken_.first || others_.first); ++count) {
      const bool woken = woken_.first && (!others_.first || in_a_row_ < kWokenInARow);
      in_a_row_ = woken ? in_a_row_ + 1 : 0;
      FiberBlock* fiber = (woken ? woken_ : others_).take();
      if (woken) woken_size_.store(woken_size_.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed);
      chain.append(fiber, fiber);
    }
    size_.store(size_.load(std::memory_order_relaxed) - count, std::memory_order_relaxed);
    return chain.first;
  }

  std::uint32_t size() const { return size_.load(std::memory_order_seq_cst); }

  /// How many of them were woken.
  std::uint32_t woken() const { return woken_size_.load(std::memory_order_relaxed); }

  /// How many push_woken has put here so far.
  std::uint64_t wakes() const { return wakes_.load(std::memory_order_relaxed); }

 private:
  static constexpr std::uint32_t kWokenInARow = 8;

  struct Line {
    FiberBlock* first = nullptr;
    FiberBlock* last = nullptr;

    void append(FiberBlock* head, FiberBlock* tail) {
      (last ? last->link : first) = head;
      last = tail;
    }

    FiberBlock* take() {
      FiberBlock* fiber = first;
      first = fiber->link;
      if (!first) last = nullptr;
      fiber->link = nullptr;
      return fiber;
    }
  };

  detail::SpinLock lock_;
  Line woken_;                                // guarded by lock_
  Line others_;                               // guarded by lock_
  std::uint32_t in_a_row_ = 0;                // guarded by lock_
  std::atomic<std::uint32_t> size_{0};        // written under lock_
  std::atomic<std::uint32_t> woken_size_{0};  // written under lock_
  std::atomic<std::uint64_t> wakes_{0};       // written under lock_
};

}  // namespace heddle::sched
