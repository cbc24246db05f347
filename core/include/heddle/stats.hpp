// stats: what the scheduler has done so far.
#pragma once

#include <heddle/api.hpp>

#include <cstdint>

namespace heddle {

/// Counters since run() began. Each is read by itself, while the others go on.
struct Stats {
  std::uint64_t fibers;  ///< that exist now: running, ready or waiting
  std::uint64_t fibers_created;
  std::uint64_t workers;  ///< threads that run fibers, parked ones included
  std::uint64_t borrowed_workers;  ///< made for threads that are none of the runtime's, those that wait for the next such thread included
  std::uint64_t processors;
  std::uint64_t idle_processors;
  std::uint64_t switches;                 ///< from one fiber to another, or to and from an idle scheduler
  std::uint64_t steals;                   ///< times that a worker took fibers from another processor
  std::uint64_t preemption_requests;      ///< by the monitor
  std::uint64_t preemptions;              ///< fibers stopped between two instructions by an injected call
  std::uint64_t cooperative_preemptions;  ///< fibers that gave way at a checkpoint, or a check that the compiler has
                                          ///< inserted, because a request was pending
  std::uint64_t refused_preemptions;      ///< interruptions at a place that must not be preempted; the request stayed
                                          ///< pending
  std::uint64_t rescues;  ///< processors taken from a worker whose fiber blocked its thread in the kernel
  std::uint64_t timers_fired;
  std::uint64_t world_stops;     ///< times that somebody has stopped all fibers
  std::uint64_t stopped_fibers;  ///< that a StoppedFiber holds now
};

/// Any thread; all zero when no run() is under way.
HEDDLE_API_FUNCTION Stats stats() noexcept;

}  // namespace heddle
