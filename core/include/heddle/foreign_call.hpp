// foreign_call: code that knows nothing of fibers, called so that it may block.
#pragma once

#include <heddle/api.hpp>

#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace heddle {

namespace detail {

/// Runs function(closure) on the worker's system stack; on an ordinary thread, and in foreign code, where the caller is.
HEDDLE_API_FUNCTION void run_foreign(void* (*function)(void* closure) noexcept, void* closure);

/// The same, and leaves the processor to others first.
HEDDLE_API_FUNCTION void run_blocking(void* (*function)(void* closure) noexcept, void* closure);

/// Ends the process: what unwinds the thread is no exception, and cannot be kept.
[[noreturn]] HEDDLE_API_FUNCTION void refuse_end_of_thread() noexcept;

/// Calls `function` and keeps what comes of it until whoever wanted that is back on his own stack.
template <class Function>
class Outcome {
 public:
  using Result = std::invoke_result_t<Function>;

  explicit Outcome(Function& function) noexcept : function_(function) {}

  static void* run(void* self) noexcept {
    auto& outcome = *static_cast<Outcome*>(self);
    if constexpr (std::is_nothrow_invocable_v<Function>) {
      outcome.call();
    } else {
      try {
        outcome.call();
      } catch (...) {
        outcome.failure_ = std::current_exception();
        if (!outcome.failure_) refuse_end_of_thread();
      }
    }
    return nullptr;
  }

  std::exception_ptr& failure() noexcept { return failure_; }

  Result take() {
    if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
    if constexpr (std::is_reference_v<Result>) {
      return static_cast<Result>(*result_);
    } else if constexpr (!std::is_void_v<Result>) {
      return std::move(*result_);
    }
  }

 private:
  // A reference is kept as the address of what it refers to.
  using Kept = std::conditional_t<std::is_void_v<Result>, std::nullptr_t,
                                  std::conditional_t<std::is_reference_v<Result>, std::remove_reference_t<Result>*, std::optional<Result>>>;

  void call() {
    if constexpr (std::is_void_v<Result>) {
      std::invoke(std::forward<Function>(function_));
    } else if constexpr (std::is_reference_v<Result>) {
      Result reference = std::invoke(std::forward<Function>(function_));
      result_ = std::addressof(reference);
    } else {
      result_.emplace(std::invoke(std::forward<Function>(function_)));
    }
  }

  std::remove_reference_t<Function>& function_;
  Kept result_{};
  std::exception_ptr failure_{};
};

template <class Function>
std::invoke_result_t<Function> run_foreign_call(void (*run)(void* (*)(void*) noexcept, void*), Function&& function) {
  Outcome<Function> outcome(function);
  run(Outcome<Function>::run, &outcome);
  return outcome.take();
}

}  // namespace detail

/// Calls std::invoke(function, arguments...) as foreign code: on the system stack of the fiber's thread, which is as large as any thread's,
/// and so that it may take as long as it likes. Nothing is announced to anybody, which makes it a matter of nanoseconds; but
/// when others wait for the processor and the call has lasted for 20 microseconds or more, they get it. The fiber may go on on another
/// thread afterwards, with the result, what was thrown, and errno (on Windows also the last error) as the call left them.
///
/// For code that may block, that uses much stack, or that is not to be interrupted: foreign code never is. It must not wait for fibers, but in
/// heddle::callback(); that ends the process ("schedule: in foreign call"). Stopping the world does not stop it.
///
/// Throws what the function throws, and what has left a callback() during the call: then the foreign frames between are left behind
/// without their destructors, as longjmp leaves them. On an ordinary thread, and inside another foreign call, a plain call.
template <class F, class... Args>
std::invoke_result_t<F, Args...> foreign_call(F&& function, Args&&... arguments) {
  return detail::run_foreign_call(
      detail::run_foreign, [&]() noexcept(std::is_nothrow_invocable_v<F, Args...>) -> std::invoke_result_t<F, Args...> {
        return std::invoke(std::forward<F>(function), std::forward<Args>(arguments)...);
      });
}

/// As foreign_call, for a call that is known to block: the others have the processor from its beginning.
template <class F, class... Args>
std::invoke_result_t<F, Args...> blocking(F&& function, Args&&... arguments) {
  return detail::run_foreign_call(
      detail::run_blocking, [&]() noexcept(std::is_nothrow_invocable_v<F, Args...>) -> std::invoke_result_t<F, Args...> {
        return std::invoke(std::forward<F>(function), std::forward<Args>(arguments)...);
      });
}

}  // namespace heddle
