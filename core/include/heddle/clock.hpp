// The clocks: what the port's VdsoCaller reads, as numbers and as deadlines.
#pragma once

#include <heddle/api.hpp>

#include <chrono>
#include <cstdint>
#include <limits>

namespace heddle {

/// Nanoseconds of a clock that never goes back and is not set (CLOCK_MONOTONIC, clock_gettime(2)). Any thread,
/// async-signal-safe while run() is under way; before and after that it is std::chrono::steady_clock.
HEDDLE_API_FUNCTION std::int64_t nanotime() noexcept;

/// Nanoseconds since 1970-01-01 00:00 UTC (CLOCK_REALTIME). Otherwise as nanotime().
HEDDLE_API_FUNCTION std::int64_t walltime() noexcept;

namespace detail {

inline constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

/// nanotime() in `duration` from now; kNever when that is past what an int64 holds.
template <class Rep, class Period>
std::int64_t monotonic_deadline(std::chrono::duration<Rep, Period> duration) {
  using Seconds = std::chrono::duration<double>;
  if (duration <= duration.zero()) return 0;
  if (std::chrono::duration_cast<Seconds>(duration) > std::chrono::duration_cast<Seconds>(std::chrono::hours(24 * 365 * 250)))
    return kNever;
  return nanotime() + std::chrono::ceil<std::chrono::nanoseconds>(duration).count();
}

template <class Clock, class Duration>
std::int64_t monotonic_deadline(std::chrono::time_point<Clock, Duration> deadline) {
  return monotonic_deadline(deadline - Clock::now());
}

}  // namespace detail

}  // namespace heddle
