// ConditionVariable: waiting until something that a Mutex guards has changed.
#pragma once

#include <heddle/clock.hpp>
#include <heddle/detail/stop.hpp>
#include <heddle/detail/wait_list.hpp>
#include <heddle/mutex.hpp>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <utility>

namespace heddle {

/// As std::condition_variable, for fibers and threads together. notify_one and notify_all never block and work
/// anywhere.
class HEDDLE_API ConditionVariable {
 public:
  constexpr ConditionVariable() noexcept = default;
  ConditionVariable(const ConditionVariable&) = delete;
  ConditionVariable& operator=(const ConditionVariable&) = delete;

  void notify_one() noexcept;
  void notify_all() noexcept;

  /// `lock` must hold its mutex; it is released while waiting. Does not wake for no reason, but another may have been
  /// first to the mutex, so the condition is to be checked again.
  void wait(std::unique_lock<Mutex>& lock);

  template <class Predicate>
  void wait(std::unique_lock<Mutex>& lock, Predicate holds) {
    while (!holds()) wait(lock);
  }

  template <class Clock, class Duration>
  std::cv_status wait_until(std::unique_lock<Mutex>& lock, std::chrono::time_point<Clock, Duration> deadline) {
    return wait_until_ns(lock, detail::monotonic_deadline(deadline));
  }

  template <class Clock, class Duration, class Predicate>
  bool wait_until(std::unique_lock<Mutex>& lock, std::chrono::time_point<Clock, Duration> deadline, Predicate holds) {
    return wait_until_ns(lock, detail::monotonic_deadline(deadline), std::move(holds));
  }

  template <class Rep, class Period>
  std::cv_status wait_for(std::unique_lock<Mutex>& lock, std::chrono::duration<Rep, Period> duration) {
    return wait_until_ns(lock, detail::monotonic_deadline(duration));
  }

  template <class Rep, class Period, class Predicate>
  bool wait_for(std::unique_lock<Mutex>& lock, std::chrono::duration<Rep, Period> duration, Predicate holds) {
    return wait_until_ns(lock, detail::monotonic_deadline(duration), std::move(holds));
  }

  // As std::condition_variable_any's: each also ends when a stop is requested. True if the predicate holds in the end.

  template <class Predicate>
  bool wait(std::unique_lock<Mutex>& lock, std::stop_token token, Predicate holds) {
    return wait_until_ns(lock, token, detail::kNever, std::move(holds));
  }

  template <class Clock, class Duration, class Predicate>
  bool wait_until(std::unique_lock<Mutex>& lock, std::stop_token token,
                  std::chrono::time_point<Clock, Duration> deadline, Predicate holds) {
    return wait_until_ns(lock, token, detail::monotonic_deadline(deadline), std::move(holds));
  }

  template <class Rep, class Period, class Predicate>
  bool wait_for(std::unique_lock<Mutex>& lock, std::stop_token token, std::chrono::duration<Rep, Period> duration,
                Predicate holds) {
    return wait_until_ns(lock, token, detail::monotonic_deadline(duration), std::move(holds));
  }

 private:
  std::cv_status wait_until_ns(std::unique_lock<Mutex>& lock, std::int64_t deadline, detail::StopOfOne* stop = nullptr);

  template <class Predicate>
  bool wait_until_ns(std::unique_lock<Mutex>& lock, std::int64_t deadline, Predicate holds) {
    while (!holds()) {
      if (wait_until_ns(lock, deadline) == std::cv_status::timeout) return holds();
    }
    return true;
  }

  template <class Predicate>
  bool wait_until_ns(std::unique_lock<Mutex>& lock, const std::stop_token& token, std::int64_t deadline, Predicate holds) {
    if (holds()) return true;
    if (token.stop_requested()) return false;
    detail::StopOfOne stop{waiters_};
    const detail::StopWatch watch(token, stop);
    do {
      if (wait_until_ns(lock, deadline, &stop) == std::cv_status::timeout) return holds();
      if (holds()) return true;
    } while (!token.stop_requested());
    return false;
  }

  detail::WaitList waiters_;
};

}  // namespace heddle
