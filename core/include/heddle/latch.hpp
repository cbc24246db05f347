// Latch: a gate that opens once, when a count has come down to zero.
#pragma once

#include <heddle/api.hpp>
#include <heddle/detail/wait_list.hpp>

#include <atomic>
#include <cstddef>
#include <limits>

namespace heddle {

/// As std::latch, for fibers and threads together; a fiber that waits is parked, a thread is blocked. It may be
/// destroyed as soon as every wait has returned.
class HEDDLE_API Latch {
 public:
  /// REQUIRES: 0 <= expected <= max().
  explicit constexpr Latch(std::ptrdiff_t expected) noexcept : count_(expected) {}
  Latch(const Latch&) = delete;
  Latch& operator=(const Latch&) = delete;

  static constexpr std::ptrdiff_t max() noexcept { return std::numeric_limits<std::ptrdiff_t>::max(); }

  /// Never waits. Ends the process with a message when the count would become negative.
  void count_down(std::ptrdiff_t by = 1) noexcept;

  /// Is the count zero? The one who brings it there may still be at it: true is no permission to destroy the latch.
  bool try_wait() const noexcept { return count_.load(std::memory_order_acquire) == 0; }

  void wait() const;

  void arrive_and_wait(std::ptrdiff_t by = 1) {
    count_down(by);
    wait();
  }

 private:
  std::atomic<std::ptrdiff_t> count_;
  mutable detail::WaitList waiters_;
};

}  // namespace heddle
