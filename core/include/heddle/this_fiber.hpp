// this_fiber: what the running fiber can say and ask.
#pragma once

#include <heddle/fiber.hpp>

#include <heddle/detail/preemption_request.hpp>

#include <chrono>
#include <string_view>

namespace heddle::this_fiber {

/// Lets the other ready fibers run before this one goes on. Throws std::system_error (operation_not_permitted) on an
/// ordinary thread.
HEDDLE_API_FUNCTION void yield();

namespace detail {
HEDDLE_API_FUNCTION void sleep_until_ns(std::int64_t monotonic_ns);
}

/// Parks the fiber until the monotonic clock (nanotime()) has reached `deadline`. std::chrono::steady_clock is taken
/// for that clock, other clocks are translated once, at the call. Throws as yield() does.
template <class Clock, class Duration>
void sleep_until(std::chrono::time_point<Clock, Duration> deadline);

/// Parks the fiber for at least `duration`; zero or less yields. Throws as yield() does.
template <class Rep, class Period>
void sleep_for(std::chrono::duration<Rep, Period> duration);

/// The fiber's id; the id of no fiber on an ordinary thread.
HEDDLE_API_FUNCTION FiberId get_id() noexcept;

/// The name that the fiber was made with, empty when it has none or on an ordinary thread. Lives as long as the fiber.
HEDDLE_API_FUNCTION std::string_view name() noexcept;

/// Gives way if the fiber's time is up: a compare, unless a request is pending. Does nothing on an ordinary thread and
/// inside NoPreempt. Under strategy `cooperative` this is what keeps a long computation fair.
inline void checkpoint() noexcept {
  if (heddle::detail::preemption_pending.load(std::memory_order_relaxed) != 0) [[unlikely]]
    heddle::detail::give_way_if_asked();
}

/// While one lives, its fiber is not preempted; requests stay pending and are taken when the last one ends. Blocking
/// and yielding are still allowed. Does nothing on an ordinary thread. Must end on the fiber that made it.
class HEDDLE_API NoPreempt {
 public:
  NoPreempt() noexcept;
  ~NoPreempt();
  NoPreempt(const NoPreempt&) = delete;
  NoPreempt& operator=(const NoPreempt&) = delete;
};

}  // namespace heddle::this_fiber

#include <heddle/clock.hpp>

namespace heddle::this_fiber {

template <class Clock, class Duration>
void sleep_until(std::chrono::time_point<Clock, Duration> deadline) {
  detail::sleep_until_ns(heddle::detail::monotonic_deadline(deadline));
}

template <class Rep, class Period>
void sleep_for(std::chrono::duration<Rep, Period> duration) {
  detail::sleep_until_ns(heddle::detail::monotonic_deadline(duration));
}

}  // namespace heddle::this_fiber
