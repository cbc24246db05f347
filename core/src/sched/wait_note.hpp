// Wait notes: what a fiber waits for, and since when, for whoever looks at it from outside. Three stores where it parks, one
// where it is woken.
//
// A kind of waiting is a string: it is what a report says, so a new type that waits needs no entry anywhere. Those that the report tells
// from others, by their addresses, are arrays: two files' literals of one text need not be the same, and in a DLL are not.
#pragma once

#include "sched/scheduler.hpp"

namespace heddle::sched {

inline constexpr char kWaitsForStart[] = "its start";
inline constexpr char kWaitsForEnd[] = "the end of fiber";       // waits_on: the FiberBlock
inline constexpr char kWaitsForTime[] = "the end of its sleep";  // waits_on: the Timer
// It waits for its turn, but not since it asked to. waits_on: the instruction
inline constexpr char kWasPreempted[] = "preemption";

/// The running fiber is about to wait. `what` lives for ever.
inline void note_wait(Worker& worker, const char* what, const void* object) noexcept {
  FiberBlock& fiber = *worker.current();
  fiber.waits_on = object;
  fiber.waits_since = worker.scheduler.coarse_time();
  fiber.waits_for.store(what, std::memory_order_relaxed);
}

/// It waits for its turn only.
inline void note_woken(FiberBlock& fiber) noexcept {
  fiber.waits_for.store(nullptr, std::memory_order_relaxed);
}

}  // namespace heddle::sched
