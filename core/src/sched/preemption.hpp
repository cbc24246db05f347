// Preemption at any instruction: the core's half of what a Preempter starts, and the checkpoints that do the same by
// asking.
//
// A request is one word, Worker::poison, which the monitor sets. It stays set, however often the fiber
// cannot be stopped, until the fiber gives way: at a checkpoint, at the end of NoPreempt, at any switch, or by an
// injected call.
#pragma once

#include <heddle/port/thread.h>

#include <cstddef>
#include <cstdint>

namespace heddle::sched {

class Worker;

/// What the core itself may need on the fiber's stack between an injected call and the switch, in bytes.
inline constexpr std::size_t kCoreBytes = 2048;

/// Is the fiber that runs on the worker asked to give way, and may it?
bool gives_way(const Worker& worker) noexcept;

/// HeddleHost::deliver.
std::int32_t HEDDLE_CALL deliver(HeddleThread* thread, void* machine_context) noexcept;

/// HeddleHost::preempted.
void HEDDLE_CALL preempted() noexcept;

}  // namespace heddle::sched
