#include "observe/sighting.hpp"

#include "sched/census.hpp"
#include "sched/segment.hpp"
#include "sched/timer_queue.hpp"
#include "sched/wait_note.hpp"

#include <heddle/clock.hpp>

#include <algorithm>

namespace heddle::observe {

namespace {

constexpr std::int64_t kPatience = 1'000'000'000;       // ns, for those that cannot be stopped
constexpr std::int64_t kDyingPatience = 2'000'000'000;  // ns, likewise when there will be no second look
constexpr std::size_t kNewcomers = 64;                  // room for fibers that are made between the count and the look

std::size_t count_fibers(sched::Scheduler& scheduler) {
  std::size_t count = 0;
  sched::for_each_fiber(scheduler.stacks(), [&](const sched::FiberBlock&) { ++count; });
  return count;
}

/// One look at everything, while the world stands.
class Look {
 public:
  /// `running` has room for the fibers that workers are on.
  Look(sched::Scheduler& scheduler, const sched::FiberBlock* own, const Dying* dying,
       std::vector<const sched::FiberBlock*>& running, bool traces)
      : scheduler_(scheduler), own_(own), dying_(dying), running_(running), traces_(traces), now_(nanotime()) {
    scheduler.for_each_worker([&](sched::Worker& worker) {
      const sched::FiberBlock* fiber = worker.glimpse();
      // In foreign code and without a processor it stays off its own stack until the world goes on.
      const bool stands = !dying && worker.in_foreign() && worker.taken.load(std::memory_order_acquire);
      if (fiber && !stands && running.size() < running.capacity()) running.push_back(fiber);
    });
    if (dying && dying->fiber) running.push_back(dying->fiber);
  }

  Sighting at(sched::FiberBlock& fiber, std::vector<Trace>& traces) {
    Sighting seen;
    seen.number = fiber.number;
    seen.name = fiber.name;
    seen.made_at = fiber.made_at;
    seen.pinned = fiber.pinned && fiber.pinned != sched::kDiverted;
    seen.stopped = scheduler_.stops().includes(fiber);
    note_state(fiber, seen);
    if (traces_) note_trace(fiber, seen, traces);
    return seen;
  }

 private:
  bool runs(const sched::FiberBlock& fiber) const {
    return std::find(running_.begin(), running_.end(), &fiber) != running_.end();
  }

  void note_state(const sched::FiberBlock& fiber, Sighting& seen) {
    const char* what = fiber.waits_for.load(std::memory_order_relaxed);
    if (fiber.joiner.load(std::memory_order_relaxed) == sched::kEnded) {
      seen.state = FiberState::kEnded;
    } else if (fiber.ties & sched::kInForeign) {
      seen.state = FiberState::kForeign;
    } else if (runs(fiber) || scheduler_.stops().was_running(fiber)) {
      seen.state = FiberState::kRunning;
    } else if (what) {
      seen.state = what == sched::kWasPreempted ? FiberState::kPreempted : FiberState::kWaiting;
      note_wait(fiber, what, seen);
    }
  }

  void note_wait(const sched::FiberBlock& fiber, const char* what, Sighting& seen) const {
    if (what != sched::kWaitsForStart) seen.waiting_ns = std::max<std::int64_t>(now_ - fiber.waits_since, 0);
    if (what == sched::kWasPreempted) return;
    seen.waits_for = what;
    seen.waits_on = fiber.waits_on;
    if (what == sched::kWaitsForEnd)
      seen.waits_on_number = static_cast<const sched::FiberBlock*>(fiber.waits_on)->number;
    if (what == sched::kWaitsForTime)
      seen.time_left_ns = std::max<std::int64_t>(static_cast<const sched::Timer*>(fiber.waits_on)->when - now_, 0);
  }

  void note_trace(sched::FiberBlock& fiber, Sighting& seen, std::vector<Trace>& traces) {
    seen.no_trace = reason_for_none(fiber, seen, traces);
    if (seen.no_trace) return;
    seen.trace = traces.size();
    traces.emplace_back();
    if (dying_ && &fiber == dying_->fiber) {
      traces.back() = *dying_->trace;
      if (seen.state == FiberState::kForeign) append_callers(fiber, traces.back());
    } else if (&fiber == own_) {
      trace_here(traces.back());
    } else {
      trace_parked(*scheduler_.interfaces().context_switcher, fiber, traces.back());
      if (fiber.waits_for.load(std::memory_order_relaxed) == sched::kWasPreempted)
        end_at(traces.back(), reinterpret_cast<std::uintptr_t>(fiber.waits_on));
    }
  }

  /// The fiber's own frames, behind those of the foreign code that it has called, if they are not there: not every library lets an
  /// unwinder through.
  void append_callers(sched::FiberBlock& fiber, Trace& trace) {
    if (leads_to(trace, parked_at(fiber).pc) || !has_room(fiber)) return;
    Trace own;
    trace_parked(*scheduler_.interfaces().context_switcher, fiber, own);
    for (std::size_t index = 0; index < own.count && trace.count < Trace::kMostFrames; ++index)
      trace.frames[trace.count++] = own.frames[index];
  }

  const char* reason_for_none(const sched::FiberBlock& fiber, const Sighting& seen, const std::vector<Trace>& traces) const {
    if (traces.size() == traces.capacity()) return "there are too many fibers";
    if (&fiber == own_ || (dying_ && &fiber == dying_->fiber)) return nullptr;
    if (runs(fiber)) return seen.state == FiberState::kForeign ? "its call may return" : "it could not be stopped";
    if (seen.state == FiberState::kEnded) return "it has ended";
    if (fiber.fresh) return "it has never run";
    return has_room(fiber) ? nullptr : "its stack has no room for that";
  }

  HeddleRegisters parked_at(const sched::FiberBlock& fiber) const {
    HeddleRegisters at{};
    scheduler_.interfaces().context_switcher->inspect(&fiber.context, &at);
    return at;
  }

  /// For a trace, below where it is parked.
  bool has_room(const sched::FiberBlock& fiber) const {
    const auto lo = reinterpret_cast<std::uintptr_t>(sched::current_stack(fiber).lo);
    return parked_at(fiber).sp >= lo + sched::kept_bytes(scheduler_.interfaces().stack_memory) + kTraceBytes;
  }

  sched::Scheduler& scheduler_;
  const sched::FiberBlock* const own_;
  const Dying* const dying_;
  const std::vector<const sched::FiberBlock*>& running_;
  const bool traces_;
  const std::int64_t now_;
};

}  // namespace

Sightings look_at_all(sched::Scheduler& scheduler, bool traces, const Dying* dying) {
  using Outcome = sched::Stops::Outcome;
  sched::Worker* worker = sched::current_worker();
  Sightings all;
  Trace first;
  trace_here(first);  // what it does only once is better done here than on a small stack
  std::vector<const sched::FiberBlock*> running;
  for (bool complete = false; !complete;) {
    all.fibers.clear();
    all.traces.clear();
    all.fibers.reserve(count_fibers(scheduler) + kNewcomers);
    if (traces) all.traces.reserve(std::min(all.fibers.capacity(), Sightings::kMostTraces));
    running.clear();
    running.reserve(scheduler.stats().workers + kNewcomers);
    if (dying) {
      scheduler.stops().stop_world_for_good(dying->worker, kDyingPatience);
    } else if (scheduler.stops().stop_world(worker, kPatience) == Outcome::kEnding) {
      break;
    }
    worker = sched::current_worker();
    complete = true;
    Look look(scheduler, worker ? worker->current() : nullptr, dying, running, traces);
    sched::for_each_fiber(scheduler.stacks(), [&](sched::FiberBlock& fiber) {
      if (all.fibers.size() == all.fibers.capacity()) {
        complete = false;
      } else {
        all.fibers.push_back(look.at(fiber, all.traces));
      }
    });
    scheduler.stops().start_world();
  }
  std::sort(all.fibers.begin(), all.fibers.end(),
            [](const Sighting& a, const Sighting& b) { return a.number < b.number; });
  return all;
}

}  // namespace heddle::observe
