// with_stack: a call that has as much stack as it needs.
#pragma once

#include <heddle/api.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace heddle {

namespace detail {

/// Calls function(closure) on another stack if the caller has less than `bytes` left on this one; false: it may go on here. Gives way
/// first if that is asked.
HEDDLE_API_FUNCTION bool call_elsewhere(std::size_t bytes, void* (*function)(void* closure), void* closure);

template <class Call>
bool call_elsewhere(std::size_t bytes, Call& call) {
  const auto run = [](void* closure) -> void* {
    (*static_cast<Call*>(closure))();
    return nullptr;
  };
  return call_elsewhere(bytes, run, std::addressof(call));
}

}  // namespace detail

/// Calls std::invoke(function) where at least `bytes` of stack are free: where the caller is if there is enough, which costs a compare; else on a
/// stack that is at least twice as large as the one before, and which the fiber keeps for the next time. Returns and throws
/// what the function does. For recursion of a depth that the input decides, and for libraries that want much stack now and then.
///
/// Also a checkpoint: a fiber whose time is up gives way first.
///
/// Throws std::invalid_argument when `bytes` exceeds stack.max_size, std::system_error (not_enough_memory) when the stacks that
/// the fiber has linked so would together, or when there is no memory.
/// Any thread. On an ordinary thread a plain call. In a foreign call, in a signal handler, and in the child of a fork() no stack is linked: a plain
/// call while the stack there has that much room, else the process ends.
template <class F>
std::invoke_result_t<F> with_stack(std::size_t bytes, F&& function) {
  using Result = std::invoke_result_t<F>;
  if constexpr (std::is_void_v<Result>) {
    auto call = [&] { std::invoke(std::forward<F>(function)); };
    if (!detail::call_elsewhere(bytes, call)) [[likely]]
      call();
  } else if constexpr (std::is_reference_v<Result>) {
    std::remove_reference_t<Result>* result = nullptr;
    with_stack(bytes, [&] {
      Result reference = std::invoke(std::forward<F>(function));
      result = std::addressof(reference);
    });
    return static_cast<Result>(*result);
  } else {
    std::optional<Result> result;
    auto call = [&] { result.emplace(std::invoke(std::forward<F>(function))); };
    if (!detail::call_elsewhere(bytes, call)) [[likely]]
      return std::invoke(std::forward<F>(function));
    return std::move(*result);
  }
}

}  // namespace heddle
