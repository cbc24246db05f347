#include "sched/slice_watch.hpp"

#include "sched/processor.hpp"

#include <algorithm>

namespace heddle::sched {

bool SliceWatch::note_moves(const Processor& processor, const SliceLimits& limits, std::int64_t now) {
  const std::uint32_t slice = processor.slices.load(std::memory_order_relaxed);
  const std::uint64_t switches = processor.counters.switches.load(std::memory_order_relaxed);
  const bool moved = !seen_ || slice != slice_ || switches != switches_;
  if (!seen_ || slice != slice_) slice_since_ = now;
  if (moved) {
    fiber_since_ = now;
    next_request_ = 0;
    patience_ = limits.wakeup_slice;
  }
  const std::int64_t longest = std::max(std::min(limits.quantum / 2, kLongestPause), limits.wakeup_slice);
  pause_ = moved ? std::clamp(2 * pause_, limits.wakeup_slice, longest) : 0;
  slice_ = slice;
  switches_ = switches;
  seen_ = true;
  return moved;
}

SliceWatch::Result SliceWatch::look(const Processor& processor, const OthersWaiting& others, const SliceLimits& limits,
                                    std::int64_t now) {
  Result result{};
  result.moved = note_moves(processor, limits, now);
  const std::int64_t due = processor.timers.earliest();
  const bool ready = processor.has_ready();
  result.late = due <= now;
  const bool woken_here = result.late || processor.next_was_woken();
  result.waiting = result.late || ready || others.any;
  result.again = result.moved ? std::min(due, now + pause_) : due;
  if (!result.waiting) return result;

  const std::int64_t quantum_ends = slice_since_ + limits.quantum;
  const bool woken = woken_here || others.woken;
  const std::int64_t ends = woken ? std::min(fiber_since_ + limits.wakeup_slice, quantum_ends) : quantum_ends;
  result.over = now >= ends && now >= next_request_;
  if (woken && now < quantum_ends) result.whom = others.woken ? Beneficiary::kWokenGlobal : Beneficiary::kWokenHere;
  if (now >= ends) {
    result.again = next_request_;
  } else if (result.late) {
    result.again = ends;
  } else {
    // While it stays with one fiber, often enough to notice that the fiber blocks.
    const std::int64_t again = result.moved ? std::min(now + pause_, quantum_ends) : std::min(ends, now + limits.quantum / 2);
    result.again = std::min(again, due);
  }
  return result;
}

std::int64_t SliceWatch::requested(const SliceLimits& limits, std::int64_t now) {
  next_request_ = now + patience_;
  patience_ = std::min(2 * patience_, limits.quantum);
  return next_request_;
}

}  // namespace heddle::sched
