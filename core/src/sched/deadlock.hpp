// DeadlockWatch: tells a process in which nothing can happen any more from one that waits for something.
//
// Fibers are woken by fibers, by timers and by threads of the program's own. When every processor is idle, no timer is pending, nothing
// is queued, no worker is in a fiber's code without a processor, and the process has no thread besides the runtime's, nobody is left
// to wake one. A thread of the program's own that only waits may hide a deadlock; one that ends is noticed at the next look.
#pragma once

#include <cstdint>

namespace heddle::sched {

class Scheduler;

class DeadlockWatch {
 public:
  explicit DeadlockWatch(Scheduler& scheduler);

  /// Called by the monitor when it finds all processors idle. Ends the process if that is for ever. Else says when to look again if nothing has
  /// happened by then: after 10 ms at first, then at longer and longer intervals, up to a minute. detail::kNever when there will be nothing new to
  /// see.
  std::int64_t look(std::int64_t now);

 private:
  bool only_own_threads() const;

  static constexpr std::int64_t kFirstPause = 10'000'000;        // ns
  static constexpr std::int64_t kLongestPause = 60'000'000'000;  // ns

  Scheduler& scheduler_;
  const bool wanted_;
  std::int64_t pause_ = kFirstPause;
  std::int64_t next_look_ = 0;
};

}  // namespace heddle::sched
