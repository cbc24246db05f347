// StackPool: memory for fiber stacks, reserved in batches and used again.
//
// Stacks come in powers of two, a free list for each; the default size is taken and given back far more often than the
// others, so the processors keep caches of it in front of this pool (sched/fiber_cache.hpp). Reservations are only
// given back when the pool ends: a fiber may have left its stack behind at any point, and the address space costs
// nothing while it is idle. The pages of an idle stack do: whoever wants them to go back calls age() from time to time and
// give_back(), which takes what lay idle from one age() to the next. A free list's link lies on the stack, so the stacks whose pages are gone
// are in a list of their own.
#pragma once

#include "stack/stack_notes.hpp"

#include <heddle/port/stack_memory.h>
#include <heddle/detail/wait_list.hpp>

#include <array>
#include <atomic>
#include <bit>
#include <chrono>
#include <cstddef>
#include <vector>

namespace heddle::stack {

struct Stack {
  std::byte* lo = nullptr;    // lowest usable byte, above the guard
  std::byte* hi = nullptr;    // one past the highest
  std::byte* base = nullptr;  // lowest byte, guard included
};

class StackPool {
 public:
  /// `memory` may be null: then stacks come from the heap, have no guard, and keep their pages. Sizes in bytes. `release_after`: how long
  /// idle stacks are to keep their pages; 0: not at all, which the pool sees to itself; kNever: for good.
  StackPool(const HeddleStackMemory* memory, std::size_t default_size, std::size_t max_size, bool guard,
            std::chrono::nanoseconds release_after = kNever);
  ~StackPool();
  StackPool(const StackPool&) = delete;
  StackPool& operator=(const StackPool&) = delete;

  /// The size that a request is rounded up to; 0 stands for the default. Throws std::invalid_argument above the
  /// maximum.
  std::size_t round(std::size_t size) const;

  /// A stack of round(size) bytes. Throws std::system_error (not_enough_memory). Any thread.
  Stack allocate(std::size_t size);

  /// Its memory is never given back.
  void abandon() noexcept { reservations_.clear(); }

  /// `old`: it has been idle for an age already, in a cache. Any thread.
  void release(const Stack& stack, bool old = false) noexcept;

  static constexpr std::chrono::nanoseconds kNever = std::chrono::nanoseconds::max();

  /// kNever where stacks keep their pages whatever was asked for.
  std::chrono::nanoseconds release_after() const { return release_after_; }

  /// The stacks that have been idle since the last call are old from now on. Any thread.
  void age() noexcept;

  /// Gives back the pages of `most` old stacks, if there are so many. Any thread, one at a time.
  void give_back(std::size_t most) noexcept;

  bool has_old() const { return old_.load(std::memory_order_relaxed) != 0; }

  /// Is there an idle stack that has its pages?
  bool has_idle();

  /// Calls visit for each stack that was ever handed out, given back or not; its memory reads as zero where nothing was
  /// written. Nobody gets one meanwhile. Allocates nothing. Any thread.
  template <class Visit>
  void for_each_given(Visit visit) {
    lock_.lock();
    for (const Reservation& reservation : reservations_) {
      const SizeClass& list = classes_[std::bit_width(reservation.size) - 1];
      const bool newest = list.next == reservation.base;
      for (std::size_t index = newest ? list.untouched : 0; index < reservation.count; ++index)
        visit(make(static_cast<std::byte*>(reservation.base) + index * reservation.size, reservation.size));
    }
    lock_.unlock();
  }

  std::size_t default_size() const { return default_size_; }
  std::size_t max_size() const { return max_size_; }
  std::size_t guard_bytes() const { return guard_bytes_; }

 private:
  struct Free {
    Free* next;
  };
  struct Reservation {
    void* base;
    std::size_t size;
    std::size_t count;
  };

  // Stacks of one size: those that are idle, from the youngest to those without pages, and the rest of the newest reservation, whose
  // pages nobody has touched yet.
  struct SizeClass {
    Free* young = nullptr;
    std::size_t young_count = 0;
    Free* old = nullptr;
    std::vector<std::byte*> bare{};  // their lowest bytes; has room for all stacks there are, if any is ever to be there
    std::size_t count = 0;           // of all reservations
    std::byte* next = nullptr;
    std::size_t untouched = 0;
  };

  static constexpr std::size_t kClasses = 8 * sizeof(std::size_t);
  static constexpr std::size_t kBatchBytes = 4 * 1024 * 1024;
  static constexpr std::size_t kBatchCount = 64;
  static constexpr std::size_t kGivenAtOnce = 16;

  bool give_back_some(SizeClass& list, std::size_t size, std::size_t& most) noexcept;
  void reserve_batch(SizeClass& list, std::size_t size);  // REQUIRES: lock_ is held
  Stack make(std::byte* base, std::size_t size) const;

  const HeddleStackMemory* const memory_;
  const std::size_t page_;
  const std::size_t default_size_;
  const std::size_t max_size_;
  const std::size_t guard_bytes_;
  const std::chrono::nanoseconds release_after_;

  detail::SpinLock lock_;
  std::array<SizeClass, kClasses> classes_{};  // by the logarithm of the size; guarded by lock_
  std::atomic<std::size_t> old_{0};            // how many are; written under lock_
  std::vector<Reservation> reservations_;      // guarded by lock_
  StackNotes notes_;                           // guarded by lock_
};

}  // namespace heddle::stack
