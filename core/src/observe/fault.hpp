// What is said of a fault that ends the process, before the dump.
//
// For signal handlers: nothing here allocates or takes a lock.
#pragma once

#include "observe/trace.hpp"
#include "sched/fiber_block.hpp"

#include <heddle/port/fault_watch.h>

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

namespace heddle::observe {

inline constexpr std::size_t kFiberTextBytes = 64;

/// `fiber 3 "parser"`
std::array<char, kFiberTextBytes> fiber_text(const sched::FiberBlock& fiber) noexcept;

inline constexpr std::size_t kFaultTextBytes = 256;

/// One line: what has happened, and to whom. `fiber` is what the thread ran, null when that was the runtime. The text lies in `buffer`, of
/// kFaultTextBytes.
std::string_view describe(const HeddleFault& fault, const sched::FiberBlock* fiber, std::span<char> buffer) noexcept;

/// The frames of the thread, from the one that the fault struck; that one alone where the unwinder does not get through what the system has
/// called the handler from. REQUIRES: called while HeddleFaultWatch::noticed is, with its argument.
void trace_fault(const HeddleFault& fault, Trace& out) noexcept;

}  // namespace heddle::observe
