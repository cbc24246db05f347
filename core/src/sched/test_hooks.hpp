// Hooks for tests that need to reach into a running scheduler. Exported from the library, never installed.
#pragma once

#include <heddle/api.hpp>

#include <cstdint>

namespace heddle::sched::testing {

/// Asks the worker that owns processor `index` to stop its fiber, as the monitor does, but whether or not anybody
/// waits. False when the processor has no worker yet. Any thread while run() is under way.
HEDDLE_API_FUNCTION bool request_preemption(std::uint32_t index);

/// Calls `function` with the lock of the list of workers held, which a report of all fibers wants. Any thread.
HEDDLE_API_FUNCTION void with_workers_locked(void (*function)());

}  // namespace heddle::sched::testing
