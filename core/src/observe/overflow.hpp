// An overflow: the fault by which it is known that a stack is used up, and what is said of it.
//
// For signal handlers: nothing here allocates or takes a lock.
#pragma once

#include "sched/worker.hpp"

#include <heddle/port/fault_watch.h>

#include <cstddef>
#include <span>
#include <string_view>

namespace heddle::observe {

enum class UsedUp { kNone, kStackOfFiber, kStackOfThread };

/// Which of its stacks has `worker`, the calling thread, used up? Without a guard below it no stack of a fiber is known to be.
UsedUp find_used_up(const HeddleFault& fault, const sched::Worker& worker) noexcept;

inline constexpr std::size_t kOverflowTextBytes = 512;

/// One line: whose stack it is, how large, and how to have a larger one. The text lies in `buffer`, of kOverflowTextBytes.
std::string_view describe_overflow(UsedUp what, const sched::Worker& worker, std::span<char> buffer) noexcept;

}  // namespace heddle::observe
