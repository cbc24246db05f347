#include "sched/idle_stacks.hpp"

#include "sched/scheduler.hpp"

#include <algorithm>
#include <array>
#include <mutex>
#include <utility>

namespace heddle::sched {

namespace {

constexpr std::size_t kAtATime = 64;      // some 100 us
constexpr std::int64_t kPause = 500'000;  // ns, between those

std::int64_t period_of(const stack::StackPool& stacks) {
  const std::int64_t after = stacks.release_after().count();
  return after == 0 || stacks.release_after() == stack::StackPool::kNever ? detail::kNever : after;
}

/// Linked ones.
void release_all(stack::StackPool& stacks, FiberBlock* fiber) noexcept {
  while (fiber) release_fiber_block(stacks, std::exchange(fiber, fiber->link), true);
}

}  // namespace

IdleStacks::IdleStacks(Scheduler& scheduler)
    : scheduler_(scheduler), period_(period_of(scheduler.stacks())), due_(detail::kNever) {}

std::int64_t IdleStacks::look(std::int64_t now) {
  if (period_ == detail::kNever) return detail::kNever;
  give_back();
  if (due_ == detail::kNever) {  // somebody may have run
    due_ = now + period_;
    watches_.store(true, std::memory_order_relaxed);
  } else if (now >= due_) {
    age(now);
  }
  return has_old() ? std::min(due_, now + kPause) : due_;
}

bool IdleStacks::has_old() const {
  return scheduler_.depot().has_old() || scheduler_.stacks().has_old() || scheduler_.segments().has_old();
}

void IdleStacks::give_back() {
  if (!has_old()) return;
  for (std::size_t taken = 0; taken < kAtATime && scheduler_.depot().has_old(); taken += FiberDepot::kMagazine)
    release_all(scheduler_.stacks(), scheduler_.depot().take_old());
  scheduler_.stacks().give_back(kAtATime);
  scheduler_.segments().give_back(kAtATime);
}

void IdleStacks::age(std::int64_t now) {
  scheduler_.stacks().age();
  scheduler_.segments().age();
  scheduler_.depot().age();
  const bool more = scheduler_.age_caches();
  due_ = now + period_;
  if (more) return;
  // Before it is asked whether there are any: who gives one back afterwards sees that nobody watches.
  watches_.store(false, std::memory_order_relaxed);
  if (scheduler_.stacks().has_idle() || scheduler_.segments().has_idle() || scheduler_.depot().has_idle()) {
    watches_.store(true, std::memory_order_relaxed);
  } else {
    due_ = detail::kNever;
  }
}

bool Scheduler::age_caches() {
  bool more = false;
  for (const auto& processor : processors_) {
    std::array<FiberBlock*, 2> unused{};
    {
      std::lock_guard lock(lock_);
      const ProcessorCounters& counters = processor->counters;
      const std::uint64_t uses = counters.fibers_created.load(std::memory_order_relaxed) +
                                 counters.fibers_ended.load(std::memory_order_relaxed);
      const bool idle = processor->idle.load(std::memory_order_relaxed);
      const bool used = uses != std::exchange(processor->uses_at_age, uses);
      if (idle && !used) unused = processor->fibers.take_all();
      more |= !idle || !processor->fibers.empty();
    }
    for (FiberBlock* fibers : unused) release_all(stacks_, fibers);
  }
  return more;
}

}  // namespace heddle::sched
