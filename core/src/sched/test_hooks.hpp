// Hooks for tests that need to reach into a running scheduler. Exported from the library, never installed.
#pragma once

#include <heddle/api.hpp>

#include <cstdint>

namespace heddle::sched::testing {

/// Asks the worker that owns processor `index` to stop its fiber, as the monitor does, but whether or not anybody
/// waits. False when the processor has no worker yet. Any thread while run() is under way.
HEDDLE_API bool request_preemption(std::uint32_t index);

}  // namespace heddle::sched::testing
