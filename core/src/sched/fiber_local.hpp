// The values of FiberLocal variables: a chain that hangs on the control block of the fiber that they belong to.
//
// A list rather than a table: a fiber has few of them, and one that has none is not to be bigger for it. A thread's
// chain hangs on a thread_local; that is only touched where the caller is no fiber and so stays on its thread.
#pragma once

#include "sched/fiber_block.hpp"

#include <heddle/fiber_local.hpp>

namespace heddle::sched {

/// Destroys the values of the running fiber, and those that the destructors make. On that fiber: they may wait.
[[gnu::cold]] void destroy_local_values(FiberBlock& self) noexcept;

}  // namespace heddle::sched
