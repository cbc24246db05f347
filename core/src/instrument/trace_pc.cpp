// What heddle_instrument() links to a target: the function that -fsanitize-coverage=trace-pc has the compiler call at the entry of each function
// and along each edge of the control flow.
//
// A copy of it, hidden, is part of each program and library that is instrumented, so that the call needs no detour through a table.
#include <heddle/detail/preemption_request.hpp>

extern "C" void __sanitizer_cov_trace_pc() noexcept;  // NOLINT: the name is the compiler's

extern "C" void __sanitizer_cov_trace_pc() noexcept {
  if (heddle::detail::preemption_pending.load(std::memory_order_relaxed) != 0) [[unlikely]]
    heddle::detail::stop_if_asked(__builtin_return_address(0));
}
