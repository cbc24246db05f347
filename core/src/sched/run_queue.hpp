// RunQueue: the ready fibers of one processor. Its owner puts at the tail and takes from the head; other workers steal
// from the head.
//
// A bounded ring with a single producer. head is where takers meet (a compare-and-swap), tail is written by the owner
// alone. While nobody can steal (there is one processor) the owner takes with plain stores: that is a fifth of the
// price of a yield. After the ring of Go's scheduler; a Chase-Lev deque would serve its owner last in, first out, which
// is not fair.
#pragma once

#include "sched/fiber_block.hpp"

#include <array>
#include <atomic>
#include <cstdint>

namespace heddle::sched {

class RunQueue {
 public:
  static constexpr std::uint32_t kCapacity = 256;

  explicit RunQueue(bool shared) : shared_(shared) {}

  /// False when the ring is full. Owner only.
  bool push(FiberBlock* fiber) {
    const std::uint32_t tail = tail_.load(std::memory_order_relaxed);
    if (tail - head_.load(std::memory_order_acquire) >= kCapacity) [[unlikely]]
      return false;
    ring_[tail % kCapacity].store(fiber, std::memory_order_relaxed);
    tail_.store(tail + 1, std::memory_order_release);
    return true;
  }

  /// The fiber that has waited longest, or null. Owner only.
  FiberBlock* pop() {
    std::uint32_t head = head_.load(std::memory_order_acquire);
    for (;;) {
      if (head == tail_.load(std::memory_order_relaxed)) return nullptr;
      FiberBlock* fiber = ring_[head % kCapacity].load(std::memory_order_relaxed);
      if (!shared_) {
        head_.store(head + 1, std::memory_order_relaxed);
        return fiber;
      }
      if (head_.compare_exchange_weak(head, head + 1, std::memory_order_acq_rel, std::memory_order_acquire))
        return fiber;
    }
  }

  /// Takes the older half into `out` (room for kCapacity / 2), oldest first; how many it took. Any worker.
  std::uint32_t take_half(std::array<FiberBlock*, kCapacity / 2>& out) {
    std::uint32_t head = head_.load(std::memory_order_acquire);
    for (;;) {
      const std::uint32_t size = tail_.load(std::memory_order_acquire) - head;
      const std::uint32_t count = size - size / 2;
      if (count == 0) return 0;
      if (count > kCapacity / 2) {  // head and tail were read at different times
        head = head_.load(std::memory_order_acquire);
        continue;
      }
      for (std::uint32_t index = 0; index < count; ++index)
        out[index] = ring_[(head + index) % kCapacity].load(std::memory_order_relaxed);
      if (head_.compare_exchange_weak(head, head + count, std::memory_order_acq_rel, std::memory_order_acquire))
        return count;
    }
  }

  /// A guess unless the owner asks.
  std::uint32_t size() const {
    const std::uint32_t head = head_.load(std::memory_order_seq_cst);
    return tail_.load(std::memory_order_seq_cst) - head;
  }

  bool shared() const { return shared_; }

 private:
  const bool shared_;
  alignas(64) std::atomic<std::uint32_t> head_{0};
  alignas(64) std::atomic<std::uint32_t> tail_{0};
  std::array<std::atomic<FiberBlock*>, kCapacity> ring_{};
};

}  // namespace heddle::sched
