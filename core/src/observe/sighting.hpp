// Sighting: what one look at a fiber has found, before any of it is made into text.
//
// Looking allocates nothing: it happens while the world is stopped, and what a stopped fiber may hold nobody knows.
#pragma once

#include "observe/trace.hpp"
#include "sched/scheduler.hpp"

#include <heddle/fibers.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace heddle::observe {

struct Sighting {
  std::uint64_t number = 0;
  std::array<char, sched::FiberBlock::kNameBytes> name{};
  FiberState state = FiberState::kReady;
  const char* waits_for = nullptr;    // see sched/wait_note.hpp; null when it does not wait
  const void* waits_on = nullptr;     // which one of these
  std::uint64_t waits_on_number = 0;  // if that is a fiber
  std::int64_t waiting_ns = 0;
  std::int64_t time_left_ns = 0;  // of a sleep
  const void* made_at = nullptr;
  bool pinned = false;
  bool stopped = false;
  const char* no_trace = nullptr;  // why there is none
  std::size_t trace = 0;           // its place in Sightings::traces, if there is
};

struct Sightings {
  static constexpr std::size_t kMostTraces = 1000;

  std::vector<Sighting> fibers;  // by their numbers
  std::vector<Trace> traces;
};

/// A process that is about to end, seen by the thread that makes its last report.
struct Dying {
  const sched::Worker* worker = nullptr;     // that it dies on, if that is one
  const sched::FiberBlock* fiber = nullptr;  // likewise
  const Trace* trace = nullptr;              // of that fiber
};

/// Stops the world, for good if somebody is `dying`, and looks at every fiber. Any fiber, any thread; an ordinary one holds a Visit. A
/// fiber has no_preempt set.
Sightings look_at_all(sched::Scheduler& scheduler, bool traces, const Dying* dying);

}  // namespace heddle::observe
