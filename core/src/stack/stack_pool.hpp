// StackPool: memory for fiber stacks, reserved in batches and used again.
//
// Stacks come in powers of two, a free list for each; the default size is taken and given back far more often than the
// others, so the processors keep caches of it in front of this pool (sched/fiber_cache.hpp). Reservations are only
// given back when the pool ends: a fiber may have left its stack behind at any point, and the address space costs
// nothing while it is idle.
#pragma once

#include "stack/stack_notes.hpp"

#include <heddle/port/stack_memory.h>
#include <heddle/detail/wait_list.hpp>

#include <array>
#include <bit>
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
  /// `memory` may be null: then stacks come from the heap and have no guard. Sizes in bytes.
  StackPool(const HeddleStackMemory* memory, std::size_t default_size, std::size_t max_size, bool guard);
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

  /// Any thread.
  void release(const Stack& stack) noexcept;

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

  // Stacks of one size: those given back, and the rest of the newest reservation, whose pages nobody has touched yet.
  struct SizeClass {
    Free* free = nullptr;
    std::byte* next = nullptr;
    std::size_t untouched = 0;
  };

  static constexpr std::size_t kClasses = 8 * sizeof(std::size_t);
  static constexpr std::size_t kBatchBytes = 4 * 1024 * 1024;
  static constexpr std::size_t kBatchCount = 64;

  void reserve_batch(SizeClass& list, std::size_t size);  // REQUIRES: lock_ is held
  Stack make(std::byte* base, std::size_t size) const;

  const HeddleStackMemory* const memory_;
  const std::size_t page_;
  const std::size_t default_size_;
  const std::size_t max_size_;
  const std::size_t guard_bytes_;

  detail::SpinLock lock_;
  std::array<SizeClass, kClasses> classes_{};  // by the logarithm of the size; guarded by lock_
  std::vector<Reservation> reservations_;      // guarded by lock_
  StackNotes notes_;                           // guarded by lock_
};

}  // namespace heddle::stack
