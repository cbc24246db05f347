// Fiber: a function running on a stack of its own, and the handle that joins it.
#pragma once

#include <heddle/api.hpp>
#include <heddle/detail/stop.hpp>

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <new>
#include <ostream>
#include <stop_token>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace heddle {

namespace sched {
struct FiberBlock;
}

/// What a fiber is made with. Each field has a default.
struct FiberOptions {
  std::string_view name{};     ///< shown in reports; the first 31 bytes are kept
  std::size_t stack_size = 0;  ///< bytes; 0: stack.size of the configuration. Rounded up to a power of two, at most
                               ///< stack.max_size
};

/// Names a fiber for as long as the process lives; numbers are not used again. The default value names none.
class FiberId {
 public:
  constexpr FiberId() noexcept = default;
  explicit constexpr FiberId(std::uint64_t number) noexcept : number_(number) {}

  constexpr std::uint64_t number() const noexcept { return number_; }
  friend constexpr auto operator<=>(FiberId, FiberId) noexcept = default;
  friend std::ostream& operator<<(std::ostream& out, FiberId id) { return out << id.number_; }

 private:
  std::uint64_t number_ = 0;
};

class Fiber;

namespace detail {

/// Does it want to know when it is to stop?
template <class F, class... Args>
concept StoppableFunction = std::is_invocable_v<std::decay_t<F>, std::stop_token, std::decay_t<Args>...>;

/// What a fiber can be made of: anything but another handle that can be called with copies of the arguments.
template <class F, class... Args>
concept FiberFunction = !std::is_same_v<std::remove_cvref_t<F>, Fiber> &&
                        (std::is_invocable_v<std::decay_t<F>, std::decay_t<Args>...> || StoppableFunction<F, Args...>);

/// Takes a control block and a stack, with room for a closure on it. Throws std::system_error and
/// std::invalid_argument.
HEDDLE_API_FUNCTION sched::FiberBlock* create_fiber(const FiberOptions& options, std::size_t closure_bytes,
                                                    std::size_t closure_align, void (*body)(void* closure), void** closure);
HEDDLE_API_FUNCTION void start_fiber(sched::FiberBlock* fiber) noexcept;
HEDDLE_API_FUNCTION void discard_fiber(sched::FiberBlock* fiber) noexcept;
HEDDLE_API_FUNCTION void join_fiber(sched::FiberBlock* fiber);
HEDDLE_API_FUNCTION void detach_fiber(sched::FiberBlock* fiber) noexcept;
HEDDLE_API_FUNCTION std::uint64_t fiber_number(const sched::FiberBlock* fiber) noexcept;

}  // namespace detail

/// The handle of a fiber, as std::jthread is of a thread: when it is destroyed it requests a stop and joins.
///
/// A function that can be called with a std::stop_token before its arguments gets one. Only then is there a stop state:
/// the others are spared its allocation, and a stop that is requested of them has no effect.
///
/// A fiber that lets an exception escape ends the process through std::terminate, as a thread does. A handle must not
/// outlive the run() that its fiber belongs to. Like std::jthread, one handle is not for two threads or fibers at a
/// time.
class Fiber {
 public:
  using Id = FiberId;

  /// A handle of no fiber.
  Fiber() noexcept = default;

  /// Starts a fiber that calls std::invoke on decayed copies of `function` and `arguments`, which live on its stack.
  ///
  /// Works from a fiber, and from an ordinary thread while run() is under way.
  /// Throws std::system_error: operation_not_permitted when no runtime runs, not_enough_memory when no stack can be
  /// had; std::invalid_argument when options.stack_size exceeds stack.max_size or the arguments do not fit on the
  /// stack.
  template <class... Args, detail::FiberFunction<Args...> F>
  explicit Fiber(F&& function, Args&&... arguments)
      : Fiber(FiberOptions{}, std::forward<F>(function), std::forward<Args>(arguments)...) {}

  template <class... Args, detail::FiberFunction<Args...> F>
  Fiber(const FiberOptions& options, F&& function, Args&&... arguments) {
    if constexpr (detail::StoppableFunction<F, Args...>) {
      stop_ = std::stop_source();
      start(options, std::forward<F>(function), stop_.get_token(), std::forward<Args>(arguments)...);
    } else {
      start(options, std::forward<F>(function), std::forward<Args>(arguments)...);
    }
  }

  Fiber(Fiber&& other) noexcept : block_(std::exchange(other.block_, nullptr)), stop_(std::move(other.stop_)) {}
  Fiber& operator=(Fiber&& other) {
    if (this != &other) {
      stop_and_join();
      block_ = std::exchange(other.block_, nullptr);
      stop_ = std::move(other.stop_);
    }
    return *this;
  }
  ~Fiber() { stop_and_join(); }

  bool joinable() const noexcept { return block_ != nullptr; }

  /// Waits until the fiber has ended. From an ordinary thread it blocks that thread.
  /// Throws std::system_error: invalid_argument when there is no fiber to join, resource_deadlock_would_occur when a
  /// fiber joins itself.
  void join() {
    detail::join_fiber(block_);
    block_ = nullptr;
  }

  /// Lets the fiber go on alone. When the main fiber ends first, a detached one is never resumed and its destructors do
  /// not run.
  void detach() noexcept {
    if (block_) detail::detach_fiber(std::exchange(block_, nullptr));
  }

  Id get_id() const noexcept { return Id(block_ ? detail::fiber_number(block_) : 0); }

  /// As std::stop_source::request_stop: true if this was the first request. Callbacks run here, in the caller, and must
  /// not wait.
  bool request_stop() noexcept {
    if (!stop_.stop_possible()) return false;
    const detail::StayOnThread here;
    return stop_.request_stop();
  }
  std::stop_source get_stop_source() noexcept { return stop_; }
  std::stop_token get_stop_token() const noexcept { return stop_.get_token(); }

  void swap(Fiber& other) noexcept {
    std::swap(block_, other.block_);
    stop_.swap(other.stop_);
  }

 private:
  template <class F, class... Args>
  void start(const FiberOptions& options, F&& function, Args&&... arguments) {
    using Closure = std::tuple<std::decay_t<F>, std::decay_t<Args>...>;
    void* place = nullptr;
    block_ = detail::create_fiber(options, sizeof(Closure), alignof(Closure), &call<Closure>, &place);
    if constexpr (std::is_nothrow_constructible_v<Closure, F, Args...>) {
      ::new (place) Closure(std::forward<F>(function), std::forward<Args>(arguments)...);
    } else {
      try {
        ::new (place) Closure(std::forward<F>(function), std::forward<Args>(arguments)...);
      } catch (...) {
        detail::discard_fiber(std::exchange(block_, nullptr));
        throw;
      }
    }
    detail::start_fiber(block_);
  }

  void stop_and_join() {
    if (!joinable()) return;
    request_stop();
    join();
  }

  // noexcept: an exception that leaves the function ends the process at the throw, with its stack still there to look
  // at.
  template <class Closure>
  static void call(void* place) noexcept {
    Closure& closure = *static_cast<Closure*>(place);
    std::apply([](auto& function, auto&... arguments) { std::invoke(std::move(function), std::move(arguments)...); }, closure);
    std::destroy_at(&closure);
  }

  sched::FiberBlock* block_ = nullptr;
  std::stop_source stop_{std::nostopstate};
};

}  // namespace heddle

template <>
struct std::hash<heddle::FiberId> {
  std::size_t operator()(heddle::FiberId id) const noexcept { return std::hash<std::uint64_t>{}(id.number()); }
};
