// select: waiting for several things, of which exactly one happens.
#pragma once

#include <heddle/api.hpp>
#include <heddle/channel.hpp>
#include <heddle/clock.hpp>
#include <heddle/detail/stop.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <type_traits>
#include <utility>

namespace heddle {

namespace detail {

/// A case as the core sees it.
struct SelectCase {
  enum class Kind : std::uint8_t { kReceive, kSend, kTime, kStop, kOtherwise };
  static constexpr std::size_t kWaiterWords = 10;

  explicit SelectCase(Kind what) : kind(what) {}
  SelectCase(const SelectCase&) = delete;
  SelectCase& operator=(const SelectCase&) = delete;

  const Kind kind;
  bool closed = false;             ///< out: the case happened because its channel is closed
  std::uint32_t index = 0;         ///< among the cases of its select; set by it
  ChannelCore* channel = nullptr;  ///< receive and send
  void* element = nullptr;         ///< receive: where to; send: where from
  StopFlag* flag = nullptr;        ///< stop
  std::int64_t deadline = kNever;  ///< time
  alignas(void*) std::array<std::byte, kWaiterWords * sizeof(void*)> waiter;  ///< for the core's Waiter
};

/// Waits until one of the cases happens; its index. `room` holds two pointers for each case.
HEDDLE_API_FUNCTION std::size_t choose(SelectCase* const* cases, SelectCase** room, std::size_t count);

struct SelectAccess {
  template <class T>
  static ChannelCore& core(Channel<T>& channel) {
    return channel.core_;
  }
};

/// The function that was not given.
struct NoFunction {
  void operator()() const noexcept {}
};

// The cases refer to functions and values, which live until the end of the expression that calls select.

template <class T, class F, class Closed>
class ReceiveCase : public SelectCase {
 public:
  ReceiveCase(Channel<T>& from, F&& function, Closed&& closed_function)
      : SelectCase(Kind::kReceive),
        function_(std::forward<F>(function)),
        closed_function_(std::forward<Closed>(closed_function)) {
    channel = &SelectAccess::core(from);
    element = std::addressof(slot_.value);
  }

  void run() {
    if (!closed) {
      std::optional<T> value(std::move(slot_.value));
      std::destroy_at(std::addressof(slot_.value));
      return call(std::move(value));
    }
    if constexpr (!std::is_same_v<Closed, NoFunction>) {
      std::invoke(std::forward<Closed>(closed_function_));
    } else if constexpr (std::is_invocable_v<F, std::optional<T>> || std::is_invocable_v<F>) {
      call(std::nullopt);
    }
  }

 private:
  static_assert(
      std::is_invocable_v<F, std::optional<T>> || std::is_invocable_v<F, T> || std::is_invocable_v<F>,
      "heddle::on_receive: the function takes a std::optional<T>, a T or nothing, T being what the channel carries");

  void call(std::optional<T> value) {
    if constexpr (std::is_invocable_v<F, std::optional<T>>) {
      std::invoke(std::forward<F>(function_), std::move(value));
    } else if constexpr (std::is_invocable_v<F, T>) {
      std::invoke(std::forward<F>(function_), std::move(*value));
    } else {
      std::invoke(std::forward<F>(function_));
    }
  }

  union Slot {
    Slot() noexcept {}
    ~Slot() {}
    T value;
  } slot_;
  F&& function_;
  Closed&& closed_function_;
};

template <class T, class F, class Closed>
class SendCase : public SelectCase {
 public:
  SendCase(Channel<T>& to, T& value, F&& function, Closed&& closed_function)
      : SelectCase(Kind::kSend),
        function_(std::forward<F>(function)),
        closed_function_(std::forward<Closed>(closed_function)) {
    channel = &SelectAccess::core(to);
    element = std::addressof(value);
  }

  void run() {
    if (closed) {
      std::invoke(std::forward<Closed>(closed_function_));
    } else {
      std::invoke(std::forward<F>(function_));
    }
  }

 private:
  F&& function_;
  Closed&& closed_function_;
};

template <class T>
struct OwnValue {
  T copy;
};

/// A SendCase of a copy that it keeps; as a base, the copy is there before it is pointed to.
template <class T, class F, class Closed>
class SendCopyCase : OwnValue<T>, public SendCase<T, F, Closed> {
 public:
  SendCopyCase(Channel<T>& to, const T& value, F&& function, Closed&& closed_function)
      : OwnValue<T>{value},
        SendCase<T, F, Closed>(to, OwnValue<T>::copy, std::forward<F>(function), std::forward<Closed>(closed_function)) {}
};

template <class F>
class PlainCase : public SelectCase {
 public:
  PlainCase(Kind what, std::int64_t when, F&& function) : SelectCase(what), function_(std::forward<F>(function)) {
    deadline = when;
  }

  void run() { std::invoke(std::forward<F>(function_)); }

 private:
  F&& function_;
};

template <class F>
class StopCase : public PlainCase<F> {
 public:
  StopCase(const std::stop_token& token, F&& function)
      : PlainCase<F>(SelectCase::Kind::kStop, kNever, std::forward<F>(function)) {
    this->flag = &flag_;
    if (token.stop_requested()) {
      flag_.raised = true;
    } else {
      watch_.emplace(token, flag_);
    }
  }

 private:
  StopFlag flag_;
  std::optional<StopWatch<StopFlag>> watch_;
};

}  // namespace detail

/// A case of select: an element is received, or the channel is closed and empty. `function` takes
///   - a std::optional<T>, which is empty when the channel is closed, or
///   - a T; then nothing but `closed`, if given, is called when the channel is closed, or
///   - nothing; then it is called either way.
/// `closed` takes nothing and is called instead of `function` when the channel is closed and empty.
template <class T, class F, class Closed = detail::NoFunction>
auto on_receive(Channel<T>& channel, F&& function, Closed&& closed = Closed()) {
  return detail::ReceiveCase<T, F, Closed>(channel, std::forward<F>(function), std::forward<Closed>(closed));
}

/// A case of select: the value is handed over, and then `function` is called without arguments; or the channel is
/// closed, and `closed` is called if it is given. A value that was not handed over stays as it was.
template <class T, class F, class Closed = detail::NoFunction>
auto on_send(Channel<T>& channel, std::type_identity_t<T>&& value, F&& function, Closed&& closed = Closed()) {
  return detail::SendCase<T, F, Closed>(channel, value, std::forward<F>(function), std::forward<Closed>(closed));
}
template <class T, class F, class Closed = detail::NoFunction>
auto on_send(Channel<T>& channel, const std::type_identity_t<T>& value, F&& function, Closed&& closed = Closed()) {
  return detail::SendCopyCase<T, F, Closed>(channel, value, std::forward<F>(function), std::forward<Closed>(closed));
}

/// A case of select: so much time has passed.
template <class Rep, class Period, class F>
auto after(std::chrono::duration<Rep, Period> duration, F&& function) {
  return detail::PlainCase<F>(detail::SelectCase::Kind::kTime, detail::monotonic_deadline(duration), std::forward<F>(function));
}

/// A case of select: a time has been reached.
template <class Clock, class Duration, class F>
auto after(std::chrono::time_point<Clock, Duration> time, F&& function) {
  return detail::PlainCase<F>(detail::SelectCase::Kind::kTime, detail::monotonic_deadline(time), std::forward<F>(function));
}

/// A case of select: a stop has been requested.
template <class F>
auto on_stop(const std::stop_token& token, F&& function) {
  return detail::StopCase<F>(token, std::forward<F>(function));
}

/// A case of select: nothing else can happen at once. With it, select does not wait.
template <class F>
auto otherwise(F&& function) {
  return detail::PlainCase<F>(detail::SelectCase::Kind::kOtherwise, detail::kNever, std::forward<F>(function));
}

/// Waits until one of the cases can happen, has exactly that one happen, and calls its function; returns its index,
/// from 0. Of several that can, each is as likely as the others.
///
///   heddle::select(heddle::on_receive(numbers, [](int number) { … }), heddle::after(10ms, [] { … }));
///
/// The cases are written in the call: they refer to their arguments. A channel may occur in several cases. Works from
/// fibers and from ordinary threads, where a wait blocks the thread. Throws what the function throws. Does not allocate.
template <class... Cases>
std::size_t select(Cases&&... cases) {
  static_assert(sizeof...(Cases) > 0, "heddle::select: without a case it would wait for ever");
  static_assert((std::is_base_of_v<detail::SelectCase, std::remove_cvref_t<Cases>> && ...),
                "heddle::select takes cases: on_receive(…), on_send(…), after(…), on_stop(…), otherwise(…)");
  static_assert(!(std::is_lvalue_reference_v<Cases> || ...), "heddle::select: write the cases in the call");
  detail::SelectCase* const all[] = {&cases...};
  detail::SelectCase* room[2 * sizeof...(Cases)];
  const std::size_t chosen = detail::choose(all, room, sizeof...(Cases));
  std::size_t index = 0;
  ((index++ == chosen ? cases.run() : void()), ...);
  return chosen;
}

}  // namespace heddle
