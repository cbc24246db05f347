// Preemption at any instruction: the core's half of what a Preempter starts, and the checkpoints that do the same by
// asking.
//
// A request is one word, Worker::stack_guard, which the monitor poisons. It stays poisoned, however often the fiber
// cannot be stopped, until the fiber gives way: at a checkpoint, at the end of NoPreempt, at any switch, or by an
// injected call.
#pragma once

#include <heddle/port/thread.h>

#include <cstdint>

namespace heddle::sched {

/// HeddleHost::deliver.
std::int32_t HEDDLE_CALL deliver(HeddleThread* thread, void* machine_context) noexcept;

/// HeddleHost::preempted.
void HEDDLE_CALL preempted() noexcept;

}  // namespace heddle::sched
