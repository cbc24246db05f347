// How a worker finds a fiber to run, and what it does when there is none.
#include "sched/pick.hpp"
#include "sched/scheduler.hpp"
#include "sched/switch.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace heddle::sched {

namespace {

constexpr std::uint32_t kMostFromGlobal = RunQueue::kCapacity / 2;

// How many victims a searching worker looks at before it sleeps, at least a few rounds over all. Waking costs some 30
// µs on the other side, so it looks for about a third of that.
constexpr std::size_t kSearchLooks = 256;
constexpr std::size_t kSearchRounds = 4;
constexpr std::uint32_t kPauseLoads = 64;

}  // namespace

void Scheduler::work(Worker& worker) {
  for (;;) {
    if (worker.ends) return retire(worker);
    if (!worker.processor) {  // its fiber has come back from foreign code without one
      put_spare(worker);
      if (!wait_for_processor(worker)) return;
    }
    FiberBlock* fiber = find_work(worker);
    if (!fiber) return;
    if (fiber->pinned && stops_.set_aside(*fiber)) continue;
    if (fiber->pinned) {
      hand_back(worker, *fiber);
      if (!wait_for_processor(worker)) return;
      continue;
    }
    run_fiber(worker, *fiber);
    while (worker.kept && worker.processor) {
      stops_.hold(worker);
      FiberBlock* kept = std::exchange(worker.kept, nullptr);
      if (!let_go(worker, *kept)) return;
      run_fiber(worker, *kept);
    }
  }
}

FiberBlock* Scheduler::find_work(Worker& worker) {
  while (!stopping()) {
    stops_.hold(worker);
    FiberBlock* fiber = worker.picked ? std::exchange(worker.picked, nullptr) : pick_next(worker);
    if (!fiber && run_timers(worker.processor->timers, *worker.processor)) continue;
    if (!fiber) fiber = search(worker);
    if (fiber) {
      if (worker.searching) stop_searching(worker);
      monitor_.expect(worker, worker.processor->timers.earliest());
      // Who made the others ready may have counted on a processor that was idle then.
      if (!monitor_.alert() && !has_idle_processor() && anything_ready()) monitor_.notice_waiter(&worker);
      return fiber;
    }
    if (!go_idle(worker)) return nullptr;
  }
  if (worker.searching) stop_searching(worker);
  return nullptr;
}

FiberBlock* Scheduler::search(Worker& worker) {
  if (processors_.size() == 1) return nullptr;
  if (!worker.searching) {
    // Half of the busy ones at most: more would only get into each other's way.
    const std::uint32_t busy = static_cast<std::uint32_t>(processors_.size()) - idle_count_.load(std::memory_order_relaxed);
    if (2 * searching_.load(std::memory_order_relaxed) >= busy) return nullptr;
    worker.searching = true;
    searching_.fetch_add(1, std::memory_order_seq_cst);
  }
  const std::size_t count = processors_.size();
  const std::size_t rounds = std::max(kSearchRounds, kSearchLooks / count);
  for (std::size_t round = 0; round < rounds; ++round) {
    if (global_.size() != 0) {
      if (FiberBlock* fiber = take_global(*worker.processor)) return fiber;
    }
    const bool last = round + 1 == rounds;
    const std::size_t start = worker.processor->random.next() % count;
    for (std::size_t step = 0; step < count; ++step) {
      Processor& victim = *processors_[(start + step) % count];
      if (&victim == worker.processor) continue;
      if (FiberBlock* fiber = steal(worker, victim, last)) return fiber;
    }
    if (stopping()) return nullptr;
    for (std::uint32_t load = 0; load < kPauseLoads; ++load) (void)idle_count_.load(std::memory_order_relaxed);
  }
  return nullptr;
}

FiberBlock* Scheduler::steal(Worker& worker, Processor& victim, bool also_next) {
  Processor& mine = *worker.processor;
  std::array<FiberBlock*, RunQueue::kCapacity / 2> taken;
  if (std::uint32_t number = victim.queue.take_half(taken)) {
    sched::count(mine.counters.steals);
    for (std::uint32_t index = 1; index < number; ++index) push_behind(mine, *taken[index]);
    return taken[0];
  }
  if (FiberBlock* fiber = victim.started.take_oldest()) {
    sched::count(mine.counters.steals);
    return fiber;
  }
  if (!also_next) return nullptr;
  if (victim.next.load(std::memory_order_seq_cst)) {
    if (FiberBlock* fiber = victim.take_next()) {
      sched::count(mine.counters.steals);
      return fiber;
    }
  }
  return run_timers(victim.timers, mine) ? pick_next(worker) : nullptr;
}

void Scheduler::stop_searching(Worker& worker) {
  worker.searching = false;
  // The last one that searched found something, so there may be more: the next one is to look for it.
  if (searching_.fetch_sub(1, std::memory_order_seq_cst) == 1 && has_idle_processor()) wake_one();
}

bool Scheduler::anything_ready() const {
  if (global_.size() != 0) return true;
  return std::any_of(processors_.begin(), processors_.end(), [](const auto& processor) { return processor->has_ready(); });
}

bool Scheduler::go_idle(Worker& worker) {
  Processor& processor = *worker.processor;
  const bool searched = std::exchange(worker.searching, false);  // once idle, the flag belongs to whoever wakes us
  put_idle(processor);
  if (searched) searching_.fetch_sub(1, std::memory_order_seq_cst);
  // Whoever made a fiber ready before he could see that we are idle, or while we still counted as searching, woke no
  // one. Those that did not search need not look again: somebody else did, or does.
  // And who found nothing since the world was to stand still may have left fibers of his own.
  const bool look_again = searched || global_.size() != 0 || processor.has_ready() || stopping();
  if (look_again && anything_ready() && take_from_idle(processor, worker)) {
    worker.searching = true;
    searching_.fetch_add(1, std::memory_order_seq_cst);
  }
  while (!worker.bereft.load(std::memory_order_acquire) && processor.idle.load(std::memory_order_acquire)) {
    if (stopping()) {
      take_from_idle(processor, worker);
      break;
    }
    const std::int64_t due = processor.timers.earliest();
    if (due == detail::kNever) {
      worker.parker.park();
      continue;
    }
    const std::int64_t left = due - interfaces_.vdso_caller->monotonic_ns();
    if (left <= 0 && take_from_idle(processor, worker)) break;
    if (left > 0) worker.parker.park_for(left);
  }
  note_time(interfaces_.vdso_caller->monotonic_ns());
  if (!worker.bereft.load(std::memory_order_acquire)) {
    monitor_.notice_busy();
    return true;
  }
  worker.bereft.store(false, std::memory_order_relaxed);
  worker.processor = nullptr;
  return wait_for_processor(worker);
}

bool Scheduler::attend(Processor& processor) {
  // First down, then the question: stop() and Stops ask in the other order, so one of us sees the other.
  processor.attention.exchange(false, std::memory_order_seq_cst);
  if (stopping_.load(std::memory_order_seq_cst) || stops_.asked()) {
    processor.attention.store(true, std::memory_order_relaxed);  // it is to be seen at every pick
    return false;
  }
  run_timers(processor.timers, processor);
  return true;
}

bool Scheduler::run_timers(TimerQueue& timers, Processor& mine) {
  if (timers.earliest() == detail::kNever) return false;
  const std::int64_t now = interfaces_.vdso_caller->monotonic_ns();
  note_time(now);
  const std::uint32_t fired = timers.run_due(now);
  sched::count(mine.counters.timers_fired, fired);
  return fired != 0;
}

FiberBlock* Scheduler::look_further(Processor& processor) {
  processor.until_check = Processor::kCheckEvery;
  run_timers(processor.timers, processor);
  std::uint32_t count = 0;
  return global_.size() != 0 ? global_.pop_chain(1, count) : nullptr;
}

FiberBlock* Scheduler::take_global(Processor& processor) {
  const auto share = global_.size() / static_cast<std::uint32_t>(processors_.size()) + 1;
  std::uint32_t count = 0;
  FiberBlock* const first = global_.pop_chain(std::min(share, kMostFromGlobal), count);
  if (!first) return nullptr;
  for (FiberBlock* fiber = first->link; fiber;) push_behind(processor, *std::exchange(fiber, fiber->link));
  return first;
}

}  // namespace heddle::sched
