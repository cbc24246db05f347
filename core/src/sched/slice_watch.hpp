// SliceWatch: decides, from what can be seen of a processor from outside, whether its fiber's time is up and when to look again.
//
// Used by the monitor for every processor, and by a worker's own alarm under a strategy that has one. It reads atomics only, so it
// serves in a signal handler.
//
// A slice that is as old as the quantum is to end if somebody waits. One that has run for wakeup_slice is to end for a fiber that has
// just been woken, or for a timer that is due. A processor that goes from fiber to fiber by itself is looked at less and less often: it
// needs no help, and each look costs some microseconds.
#pragma once

#include <heddle/clock.hpp>

#include <atomic>
#include <cstdint>

namespace heddle::sched {

struct Processor;
enum class Beneficiary : std::uint8_t;

/// How long a fiber may run, in nanoseconds.
struct SliceLimits {
  std::int64_t quantum;
  std::int64_t wakeup_slice;
};

/// In nanoseconds, between looks at a processor that moves.
inline constexpr std::int64_t kLongestPause = 2'000'000;

/// What waits for a processor beside its own queue.
struct OthersWaiting {
  bool any = false;    // in the global queue
  bool woken = false;  // one there has just been woken, and this processor is to serve it
};

class SliceWatch {
 public:
  struct Result {
    std::int64_t again;  // when the next look is due, nanotime(); detail::kNever when nothing asks for one
    bool waiting;        // somebody waits
    bool over;           // and the fiber's time is up
    bool moved;          // it has gone on to another fiber since the last look
    bool late;           // a timer of the processor is due
    Beneficiary whom;    // when the time is up
  };

  Result look(const Processor& processor, const OthersWaiting& others, const SliceLimits& limits, std::int64_t now);

  /// A request was made at `now`: when it is to be repeated.
  std::int64_t requested(const SliceLimits& limits, std::int64_t now);

 private:
  bool note_moves(const Processor& processor, const SliceLimits& limits, std::int64_t now);

  bool seen_ = false;
  std::uint32_t slice_ = 0;
  std::uint64_t switches_ = 0;
  std::int64_t slice_since_ = 0;   // when this slice was first seen
  std::int64_t fiber_since_ = 0;   // when the fiber that runs was first seen
  std::int64_t next_request_ = 0;  // earliest time to repeat a request that was not met
  std::int64_t patience_ = 0;      // between repeats; doubles up to the quantum
  std::int64_t pause_ = 0;         // between looks at a processor that moves; doubles
};

/// A worker's own timer, under a strategy that has one. Belongs to its thread, and to the signal handler on that.
struct Alarm {
  SliceWatch watch;                              // the handler's
  std::atomic<std::int64_t> at{detail::kNever};  // when it comes; nanotime()
  std::atomic<bool> alert{false};                // somebody waits, and it comes soon enough to see to him
};

}  // namespace heddle::sched
