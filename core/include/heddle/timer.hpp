// Timer: a function that runs once, later.
#pragma once

#include <heddle/clock.hpp>
#include <heddle/fiber.hpp>

#include <chrono>
#include <functional>
#include <memory>

namespace heddle {

namespace detail {
class TimerState;
HEDDLE_API_FUNCTION std::shared_ptr<TimerState> start_timer(std::int64_t deadline, std::function<void()> function);
HEDDLE_API_FUNCTION bool stop_timer(TimerState& timer) noexcept;
}  // namespace detail

/// Calls a function on a fiber of its own once a time is reached. Works from fibers only: std::system_error
/// (operation_not_permitted) elsewhere. Destroying it stops it; a function that has started goes on.
class Timer {
 public:
  Timer() noexcept = default;

  template <class Rep, class Period>
  Timer(std::chrono::duration<Rep, Period> delay, std::function<void()> function)
      : state_(detail::start_timer(detail::monotonic_deadline(delay), std::move(function))) {}

  Timer(Timer&&) noexcept = default;
  Timer& operator=(Timer&& other) noexcept {
    stop();
    state_ = std::move(other.state_);
    return *this;
  }
  ~Timer() { stop(); }

  /// True if it had not started and now never will. Any thread.
  bool stop() noexcept { return state_ && detail::stop_timer(*state_); }

 private:
  std::shared_ptr<detail::TimerState> state_;
};

}  // namespace heddle
