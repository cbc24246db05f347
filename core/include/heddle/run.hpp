// run: the runtime's life, from configuration to the end of the main fiber.
#pragma once

#include <heddle/api.hpp>
#include <heddle/config.hpp>

#include <exception>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

namespace heddle {

namespace detail {
HEDDLE_API_FUNCTION void run_main(const Config& config, void (*body)(void* argument) noexcept, void* argument);
}

/// Loads the port that `config` names, runs `main` as the first fiber, and returns what it returns (0 for void) or
/// throws what it throws. The calling thread becomes a worker until then. The main fiber has a stack of 8 MiB, or
/// stack.max_size if that is less.
///
/// When the main fiber ends, the others are stopped where they next call the runtime, are preempted or wait: they are
/// never resumed, and destructors of what is on their stacks do not run. Join what must end well. run() returns once
/// every fiber that was running has been stopped: one that is blocked in a system call, or under strategy `none`
/// computes without calling the runtime, keeps it waiting.
///
/// Throws ConfigError, PortError; std::system_error (operation_not_permitted) inside a fiber or while another run() is
/// under way, (resource_unavailable_try_again) when no thread can be had.
template <class F>
auto run(const Config& config, F&& main) {
  using Result = std::invoke_result_t<F>;
  struct Call {
    F& main;
    std::exception_ptr error{};
    std::optional<std::conditional_t<std::is_void_v<Result>, int, Result>> result{};
  } call{main};
  detail::run_main(
      config,
      [](void* argument) noexcept {
        Call& call = *static_cast<Call*>(argument);
        try {
          if constexpr (std::is_void_v<Result>) {
            std::invoke(std::forward<F>(call.main));
            call.result.emplace(0);
          } else {
            call.result.emplace(std::invoke(std::forward<F>(call.main)));
          }
        } catch (...) {
          call.error = std::current_exception();
        }
      },
      &call);
  if (call.error) std::rethrow_exception(call.error);
  return std::move(*call.result);
}

/// run with the configuration that Config::find() finds.
template <class F>
auto run(F&& main) {
  return run(Config::find(), std::forward<F>(main));
}

}  // namespace heddle
