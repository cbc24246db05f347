// StartQueue: the fibers of one processor that were started and have not run yet. Its owner puts and takes at the tail, newest first;
// other workers steal at the head, one at a time.
//
// Newest first, because a program that starts fibers in fibers is walked depth first then: few of them have begun at any time, so few
// stacks are in use, and those are warm. What was started first is the most work, and that is what a thief gets. The owner takes from the
// head, too, now and then, so that nobody waits for ever. After Chase and Lev, "Dynamic Circular Work-Stealing Deque" (2005), of fixed size,
// with the orders of Lê et al., "Correct and Efficient Work-Stealing for Weak Memory Models" (2013).
#pragma once

#include "sched/fiber_block.hpp"

#include <array>
#include <atomic>
#include <cstdint>

namespace heddle::sched {

class StartQueue {
 public:
  static constexpr std::uint32_t kCapacity = 256;

  explicit StartQueue(bool shared) : shared_(shared) {}

  /// False when it is full. Owner only.
  bool push(FiberBlock* fiber) {
    const std::uint32_t tail = tail_.load(std::memory_order_relaxed);
    if (tail - head_.load(std::memory_order_acquire) >= kCapacity) [[unlikely]]
      return false;
    ring_[tail % kCapacity].store(fiber, std::memory_order_relaxed);
    tail_.store(tail + 1, std::memory_order_release);
    return true;
  }

  /// The fiber that was started last, or null. Owner only.
  FiberBlock* pop_newest() {
    const std::uint32_t tail = tail_.load(std::memory_order_relaxed);
    std::uint32_t head = head_.load(std::memory_order_relaxed);
    if (head == tail) return nullptr;
    const std::uint32_t last = tail - 1;
    tail_.store(last, std::memory_order_relaxed);
    if (shared_) {
      // A thief reads the tail after the head, we the head after the tail: so one of us sees the other.
      std::atomic_thread_fence(std::memory_order_seq_cst);
      head = head_.load(std::memory_order_relaxed);
    }
    if (static_cast<std::int32_t>(last - head) > 0) return ring_[last % kCapacity].load(std::memory_order_relaxed);
    FiberBlock* fiber = nullptr;  // the only one left: whoever moves the head has it
    if (last == head && head_.compare_exchange_strong(head, head + 1, std::memory_order_seq_cst, std::memory_order_relaxed))
      fiber = ring_[last % kCapacity].load(std::memory_order_relaxed);
    tail_.store(last + 1, std::memory_order_relaxed);
    return fiber;
  }

  /// The fiber that was started first, or null. Any worker.
  FiberBlock* take_oldest() {
    std::uint32_t head = head_.load(std::memory_order_acquire);
    for (;;) {
      std::atomic_thread_fence(std::memory_order_seq_cst);
      const std::uint32_t tail = tail_.load(std::memory_order_acquire);
      if (static_cast<std::int32_t>(tail - head) <= 0) return nullptr;
      FiberBlock* fiber = ring_[head % kCapacity].load(std::memory_order_relaxed);
      if (head_.compare_exchange_strong(head, head + 1, std::memory_order_seq_cst, std::memory_order_acquire))
        return fiber;
    }
  }

  /// A guess unless the owner asks.
  std::uint32_t size() const {
    const std::uint32_t head = head_.load(std::memory_order_seq_cst);
    const auto size = static_cast<std::int32_t>(tail_.load(std::memory_order_seq_cst) - head);
    return size > 0 ? static_cast<std::uint32_t>(size) : 0;
  }

 private:
  const bool shared_;
  alignas(64) std::atomic<std::uint32_t> head_{0};
  alignas(64) std::atomic<std::uint32_t> tail_{0};
  std::array<std::atomic<FiberBlock*>, kCapacity> ring_{};
};

}  // namespace heddle::sched
