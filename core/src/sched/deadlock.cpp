#include "sched/deadlock.hpp"

#include "base/fatal.hpp"
#include "sched/scheduler.hpp"

#include <algorithm>

namespace heddle::sched {

DeadlockWatch::DeadlockWatch(Scheduler& scheduler)
    : scheduler_(scheduler), wanted_(scheduler.config().diagnostics.deadlock && scheduler.interfaces().thread_watch) {}

std::int64_t DeadlockWatch::look(std::int64_t now) {
  if (!wanted_ || !scheduler_.all_asleep()) return detail::kNever;
  // First the threads: if there is none now, none can have begun to wake a fiber when that is looked at again.
  if (only_own_threads() && scheduler_.all_asleep()) base::fatal("all fibers are asleep: deadlock");
  const bool nothing_happened = next_look_ != 0 && now >= next_look_;
  pause_ = nothing_happened ? std::min(2 * pause_, kLongestPause) : kFirstPause;
  return next_look_ = now + pause_;
}

bool DeadlockWatch::only_own_threads() const {
  const std::int32_t threads = scheduler_.interfaces().thread_watch->count();
  return threads >= 0 && static_cast<std::uint64_t>(threads) <= scheduler_.thread_count();
}

bool Scheduler::all_asleep() const {
  std::lock_guard lock(lock_);
  const auto nothing_to_do = [](const auto& processor) {
    return !processor->has_ready() && processor->timers.earliest() == detail::kNever;
  };
  return idle_count_.load(std::memory_order_seq_cst) == processors_.size() && global_.size() == 0 && !stopping() &&
         std::none_of(workers_.begin(), workers_.end(), [](const auto& worker) { return worker->glimpse() != nullptr; }) &&
         std::all_of(processors_.begin(), processors_.end(), nothing_to_do);
}

std::uint64_t Scheduler::thread_count() const {
  std::lock_guard lock(lock_);
  return workers_.size() - retired_ + 1 + helper_threads_;  // one is the monitor
}

}  // namespace heddle::sched
