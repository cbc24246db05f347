// Trace: the addresses on a stack, innermost first.
//
// The C++ runtime's unwinder walks the stack that it runs on, on every machine; no walker of our own would know as much. So for a parked
// fiber a function runs on top of its stack, and leaves the fiber parked inside that function: its own frames below may have moved the
// limit of a stack that grows, which only a switch away from it records. When the fiber's turn comes the function returns and what it was
// called on top of goes on.
#pragma once

#include "sched/fiber_block.hpp"

#include <heddle/port/context_switcher.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace heddle::observe {

struct Trace {
  static constexpr std::size_t kMostFrames = 64;

  std::array<std::uintptr_t, kMostFrames> frames;  // in the instruction that was interrupted, or in the call
  std::size_t count = 0;
};

/// The caller's own. Allocates nothing.
void trace_here(Trace& out) noexcept;

/// Is the instruction `at`, or the call that returns to it, among the frames? Either address may have a Thumb bit.
bool leads_to(const Trace& trace, std::uintptr_t at) noexcept;

/// That of a fiber that was stopped at the instruction `at`, which not every unwinder comes to: that of the ARM EHABI ends at a function
/// without tables, as C++ compilers leave one that cannot throw.
void end_at(Trace& trace, std::uintptr_t at) noexcept;

/// How much stack a trace takes.
inline constexpr std::size_t kTraceBytes = 8 * 1024;

/// A parked fiber's. REQUIRES: it has run, has kTraceBytes free, and nobody resumes it meanwhile; one call at a time.
void trace_parked(const HeddleContextSwitcher& switcher, sched::FiberBlock& fiber, Trace& out) noexcept;

}  // namespace heddle::observe
