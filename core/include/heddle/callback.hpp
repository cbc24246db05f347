// callback: the way back from foreign code, on any thread.
#pragma once

#include <heddle/api.hpp>
#include <heddle/foreign_call.hpp>

#include <exception>
#include <type_traits>

namespace heddle {

namespace detail {

/// Runs function(closure) as a fiber; `failure` is what has left it, if that is not null afterwards.
HEDDLE_API_FUNCTION void run_callback(void* (*function)(void* closure) noexcept, void* closure, std::exception_ptr& failure);

}  // namespace detail

/// Calls `function` from foreign code as a fiber: it may wait, yield, use everything of Heddle, and make foreign calls.
///
/// Inside a foreign_call() it runs on the stack of the fiber that made the call, which stays on its thread until the callback returns; others
/// run on other threads meanwhile. What it throws comes out of that foreign_call(): the foreign frames between are left behind
/// without their destructors, as longjmp leaves them.
///
/// On a thread that the runtime does not know it runs as a fiber of its own, on a worker that the thread keeps until it ends; signal
/// mask, alternate signal stack and the port's thread-local slot are as they were when it returns. Only a thread without an alternate signal
/// stack has one from its first callback on, until it ends. It is not interrupted there, but gives way wherever it enters the runtime. What it
/// throws comes out here.
///
/// Elsewhere, in a fiber's own code, a plain call.
///
/// Throws std::system_error: operation_not_permitted when no run() is under way (while one begins it waits), operation_canceled when
/// run() ends before the function has; not_enough_memory when no stack can be had. Not for signal handlers.
template <class F>
std::invoke_result_t<F> callback(F&& function) {
  detail::Outcome<F> outcome(function);
  detail::run_callback(detail::Outcome<F>::run, &outcome, outcome.failure());
  return outcome.take();
}

}  // namespace heddle
