// Semaphore: a number of permits that fibers and threads take and give back.
#pragma once

#include <heddle/api.hpp>
#include <heddle/clock.hpp>
#include <heddle/detail/wait_list.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <stdexcept>

namespace heddle {

/// As std::counting_semaphore, for fibers and threads together; a fiber that waits is parked, a thread is blocked.
/// Those that wait get their permits in the order in which they came. It may be destroyed as soon as every acquire has
/// returned, even while the release that let the last one through has not.
class HEDDLE_API Semaphore {
 public:
  /// Throws std::invalid_argument unless 0 <= permits <= max().
  explicit constexpr Semaphore(std::ptrdiff_t permits) : state_(checked(permits) * kPermit) {}
  Semaphore(const Semaphore&) = delete;
  Semaphore& operator=(const Semaphore&) = delete;

  /// The most permits that there can be.
  static constexpr std::ptrdiff_t max() noexcept { return std::numeric_limits<std::ptrdiff_t>::max() / kPermit; }

  void acquire() {
    if (!try_acquire()) acquire_slow(detail::kNever);
  }

  bool try_acquire() noexcept {
    std::ptrdiff_t state = state_.load(std::memory_order_relaxed);
    while (state >= kPermit) {
      if (state_.compare_exchange_weak(state, state - kPermit, std::memory_order_acquire, std::memory_order_relaxed))
        return true;
    }
    return false;
  }

  /// False when there was no permit in time.
  template <class Rep, class Period>
  bool try_acquire_for(std::chrono::duration<Rep, Period> duration) {
    return try_acquire() || acquire_slow(detail::monotonic_deadline(duration));
  }
  template <class Clock, class Duration>
  bool try_acquire_until(std::chrono::time_point<Clock, Duration> deadline) {
    return try_acquire() || acquire_slow(detail::monotonic_deadline(deadline));
  }

  /// Any thread; never waits. Ends the process with a message when there would be more than max() permits, or `permits`
  /// is negative.
  void release(std::ptrdiff_t permits = 1) noexcept;

 private:
  // The state: the number of permits, times kPermit, or kWaiting while somebody waits or has waited. Both in one word,
  // so that a release without waiters is one step and touches nothing after it.
  static constexpr std::ptrdiff_t kWaiting = 1;
  static constexpr std::ptrdiff_t kPermit = 2;

  static constexpr std::ptrdiff_t checked(std::ptrdiff_t permits) {
    if (permits < 0 || permits > max())
      throw std::invalid_argument("heddle::Semaphore: the number of permits must be from 0 to max()");
    return permits;
  }

  bool acquire_slow(std::int64_t deadline);
  void release_slow(std::ptrdiff_t permits) noexcept;

  std::atomic<std::ptrdiff_t> state_;
  detail::WaitList waiters_;
};

}  // namespace heddle
