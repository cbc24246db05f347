// Mutex: mutual exclusion between fibers, and between fibers and threads.
#pragma once

#include <heddle/api.hpp>
#include <heddle/clock.hpp>
#include <heddle/detail/wait_list.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>

namespace heddle {

/// As std::timed_mutex, but a fiber that waits is parked and its thread runs others. Works with std::lock_guard,
/// std::unique_lock and std::scoped_lock. An ordinary thread that waits is blocked. Not recursive; unlock() may be
/// called by another fiber than the one that locked.
///
/// Waiters queue in order; a lock that is free goes to whoever comes first, and one that was passed over once gets it
/// handed.
class HEDDLE_API Mutex {
 public:
  constexpr Mutex() noexcept = default;
  ~Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void lock() {
    std::uint32_t free = kFree;
    if (!state_.compare_exchange_strong(free, kLocked, std::memory_order_acquire, std::memory_order_relaxed))
      lock_slow(detail::kNever);
  }

  bool try_lock() noexcept {
    std::uint32_t free = kFree;
    return state_.compare_exchange_strong(free, kLocked, std::memory_order_acquire, std::memory_order_relaxed);
  }

  /// False when the mutex could not be had in time.
  template <class Rep, class Period>
  bool try_lock_for(std::chrono::duration<Rep, Period> duration) {
    return try_lock() || lock_slow(detail::monotonic_deadline(duration));
  }
  template <class Clock, class Duration>
  bool try_lock_until(std::chrono::time_point<Clock, Duration> deadline) {
    return try_lock() || lock_slow(detail::monotonic_deadline(deadline));
  }

  /// Ends the process with a message when the mutex is not locked.
  void unlock() noexcept {
    std::uint32_t locked = kLocked;
    if (!state_.compare_exchange_strong(locked, kFree, std::memory_order_release, std::memory_order_relaxed))
      unlock_slow();
  }

 private:
  static constexpr std::uint32_t kFree = 0;
  static constexpr std::uint32_t kLocked = 1;     // nobody waits
  static constexpr std::uint32_t kContended = 2;  // locked, and somebody waits or has waited

  bool lock_slow(std::int64_t deadline);
  void unlock_slow() noexcept;

  std::atomic<std::uint32_t> state_{kFree};
  detail::WaitList waiters_;
};

}  // namespace heddle
