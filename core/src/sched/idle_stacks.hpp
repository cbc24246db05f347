// IdleStacks: the memory of stacks that no fiber uses goes back to the system, after stack.release_after.
//
// Idle stacks are in the pool, in the depot and in the processors' caches. The first two have two lists, the young and the old: what is given
// back goes to the young, what is wanted is taken from it as long as there is some. Every release_after the old ones leave, for the
// system, and the young ones become old, so a stack keeps its pages for once to twice that time, and those that are in constant use stay
// young. To end a fiber and to make one costs nothing more for it.
//
// A cache, of some 30 stacks, belongs to its processor's owner. While the processor is idle nobody has it, and nobody gets it while the
// scheduler's lock is held: then the cache is emptied if it was not used since the last time. One that is busy keeps its own.
//
// The monitor looks, and gives a few back at a time, for it has others to watch. It goes on until nothing is idle or all of it is bare; then
// nothing is due until something has run again.
#pragma once

#include <atomic>
#include <cstdint>

namespace heddle::sched {

class Scheduler;

class IdleStacks {
 public:
  explicit IdleStacks(Scheduler& scheduler);

  /// Does what is due. Returns when to look again, detail::kNever if only once somebody has run. The monitor.
  std::int64_t look(std::int64_t now);

  /// Will the monitor look again, of itself? Whoever gives a stack to the pool and does not see that has to wake it.
  bool watches() const noexcept { return watches_.load(std::memory_order_relaxed); }

 private:
  void age(std::int64_t now);
  void give_back();
  bool has_old() const;

  Scheduler& scheduler_;
  const std::int64_t period_;  // detail::kNever where the monitor has nothing to do about them
  std::int64_t due_;           // when the next age begins
  std::atomic<bool> watches_{true};
};

}  // namespace heddle::sched
