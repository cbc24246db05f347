// enter_fiber: the first and the last function of every fiber.
#pragma once

#include <heddle/port/abi.h>

namespace heddle::sched {

/// The HeddleEntry of a fiber's context: `transfer` is the Worker that it begins on, `fiber` the FiberBlock. Does not
/// return.
void HEDDLE_CALL enter_fiber(void* transfer, void* fiber);

}  // namespace heddle::sched
