#include "sched/monitor.hpp"

#include "base/log.hpp"
#include "sched/schedtrace.hpp"
#include "sched/scheduler.hpp"

#include <algorithm>
#include <cstddef>
#include <mutex>
#include <utility>

namespace heddle::sched {

namespace {

constexpr std::int64_t kShortestSleep = 20'000;    // ns; below that a sleep costs more than it saves
constexpr std::int64_t kForeignSlice = 20'000;     // ns that a foreign call may take while others wait
constexpr std::int64_t kEndingPause = 1'000'000;   // ns, between requests while the scheduler stops
constexpr std::int64_t kRest = 1'000'000'000;      // ns, between looks while nobody waits
constexpr std::int64_t kPatience = 1'000'000'000;  // ns, at most between looks at a thread that blocks

bool has_own_alarms(const HeddlePreempter* delivery) {
  return delivery && delivery->struct_size > offsetof(HeddlePreempter, arm) && delivery->arm;
}

}  // namespace

Monitor::Monitor(Scheduler& scheduler)
    : scheduler_(scheduler),
      limits_{scheduler.config().preempter.quantum.count(), scheduler.config().preempter.wakeup_slice.count()},
      trace_every_(scheduler.config().diagnostics.schedtrace.count()),
      own_alarms_(has_own_alarms(scheduler.interfaces().delivery)),
      deadlock_(scheduler),
      idle_stacks_(scheduler) {}

void Monitor::start() {
  watched_.resize(scheduler_.processors().size());
  started_ = nanotime();
  if (trace_every_ != 0) next_trace_ = started_ + trace_every_;
  thread_ = std::thread([this] { loop(); });
}

void Monitor::stop() {
  ended_.store(true);
  wake();
  if (thread_.joinable()) thread_.join();
}

void Monitor::loop() {
  if (const HeddleTimekeeper* timekeeper = scheduler_.interfaces().timekeeper) timekeeper->enter();
  while (!ended_.load()) {
    if (scheduler_.stopping()) {
      end_all();
      parker_.park_for(kEndingPause);
      continue;
    }
    start_threads();
    scheduler_.review_requests();
    scheduler_.code_map().keep_current();
    const std::int64_t now = nanotime();
    scheduler_.note_time(now);
    trace(now);
    next_stacks_ = idle_stacks_.look(now);
    sleep(now, look_at_all(now));
  }
}

void Monitor::trace(std::int64_t now) {
  if (now < next_trace_) return;
  base::log(base::LogLevel::kTrace, schedtrace(scheduler_, now - started_));
  next_trace_ = now + trace_every_;
}

Monitor::Survey Monitor::look_at_all(std::int64_t now) {
  OthersWaiting others;
  others.any = scheduler_.global_size() != 0;
  others.woken = scheduler_.global_woken() != 0;
  Survey all{look_at_adrift(now), false, false};
  for (const auto& processor : scheduler_.processors()) {
    const Survey one = look(*processor, watched_[processor->index], others, now);
    all.again = std::min(all.again, one.again);
    all.waiting |= one.waiting;
    all.moved |= one.moved;
  }
  return all;
}

Monitor::Survey Monitor::look(Processor& processor, Watched& watched, OthersWaiting& others, std::int64_t now) {
  Worker* worker = processor.worker.load(std::memory_order_acquire);
  if (processor.idle.load(std::memory_order_relaxed) || !worker) return {detail::kNever, false, false};
  if (scheduler_.stops().asked()) return look_at_stopped(processor, *worker, watched, others, now);
  // Where the worker's own alarm ends its slices, the monitor comes after it, for those in the global queue.
  const SliceLimits limits{own_alarms_ ? limits_.quantum + limits_.quantum / 2 : limits_.quantum, limits_.wakeup_slice};
  const SliceWatch::Result seen = watched.slice.look(processor, others, limits, now);
  if (seen.late) {
    processor.attention.store(true, std::memory_order_relaxed);
    if (scheduler_.has_idle_processor()) {
      scheduler_.wake_one();  // it takes the timer over
      return {now + limits_.wakeup_slice, true, true};
    }
  }
  if (worker->in_foreign()) return look_at_foreign(processor, *worker, watched, seen, now);
  if (seen.waiting) return {look_at_waited(processor, *worker, watched, others, seen, now), true, seen.moved};
  if (!own_alarms_ || seen.again == detail::kNever) return {seen.again, false, seen.moved};
  return {std::max(seen.again, now) + limits_.quantum / 2, false, seen.moved};  // unless its own alarm has seen to it
}

Monitor::Survey Monitor::look_at_stopped(Processor& processor, Worker& worker, Watched& watched,
                                         const OthersWaiting& others, std::int64_t now) {
  if (!scheduler_.stops().is_of(worker.glimpse())) return {now + limits_.quantum, false, false};
  const SliceWatch::Result seen = watched.slice.look(processor, others, limits_, now);
  if (!seen.waiting || !seen.over) return {seen.again, seen.waiting, seen.moved};
  processor.request_for.store(seen.whom, std::memory_order_relaxed);
  scheduler_.poison(worker);
  return {watched.slice.requested(limits_, now), true, seen.moved};
}

std::int64_t Monitor::look_at_waited(Processor& processor, Worker& worker, Watched& watched, OthersWaiting& others,
                                     const SliceWatch::Result& seen, std::int64_t now) {
  if (blocks(worker, watched.used) && !seen.moved && scheduler_.rescue(processor, worker))
    return now + limits_.wakeup_slice;
  if (own_alarms_ && seen.whom == Beneficiary::kWokenHere) return now + limits_.quantum / 2;
  if (!seen.over) return seen.again;
  // A thread of others is not interrupted, but it does without the processor.
  if (worker.borrowed && scheduler_.rescue(processor, worker)) return now + limits_.wakeup_slice;
  processor.request_for.store(seen.whom, std::memory_order_relaxed);
  scheduler_.request_preemption(worker);
  others.woken = false;  // one processor is enough for those who were woken
  return watched.slice.requested(limits_, now);
}

Monitor::Survey Monitor::look_at_foreign(Processor& processor, Worker& worker, Watched& watched,
                                         const SliceWatch::Result& seen, std::int64_t now) {
  const std::int64_t time = time_in_foreign(worker, watched, now);
  if (seen.waiting && time >= kForeignSlice && scheduler_.rescue(processor, worker))
    return {now + limits_.wakeup_slice, true, true};
  if (!seen.waiting && time >= limits_.quantum) {
    scheduler_.retrieve(processor, worker);
    return {now + limits_.wakeup_slice, false, true};
  }
  if (!seen.waiting) return {std::min(seen.again, now + limits_.quantum), false, false};
  // It cannot be interrupted; the call's end sees the request.
  if (seen.over) scheduler_.poison(worker);
  return {now + limits_.wakeup_slice, true, seen.moved};
}

std::int64_t Monitor::time_in_foreign(const Worker& worker, Watched& watched, std::int64_t now) const {
  const std::uint32_t call = worker.foreign_steps.load(std::memory_order_relaxed);
  if (watched.worker != &worker || watched.foreign_call != call) {
    watched.worker = &worker;
    watched.foreign_call = call;
    watched.foreign_since = now;
  }
  return now - watched.foreign_since;
}

void Monitor::start_thread_of(Worker& worker) {
  {
    std::lock_guard guard(unstarted_lock_);
    unstarted_.push_back(&worker);
  }
  wake();
}

void Monitor::start_threads() {
  std::vector<Worker*> unstarted;
  {
    std::lock_guard guard(unstarted_lock_);
    unstarted.swap(unstarted_);
  }
  for (Worker* worker : unstarted) scheduler_.start_thread_for_others(*worker);
}

bool Monitor::blocks(const Worker& worker, std::uint64_t& used) const {
  const HeddleThreadWatch* threads = scheduler_.interfaces().thread_watch;
  if (!threads || !worker.bound.load(std::memory_order_acquire)) return false;
  // Again where it ran until a moment ago: a thread that has only just gone to sleep is not to be interrupted either.
  return threads->waits(&worker, &used) == 1 || threads->waits(&worker, &used) == 1;
}

std::int64_t Monitor::look_at_adrift(std::int64_t now) {
  std::int64_t until = detail::kNever;
  if (scheduler_.adrift() == 0) return until;
  scheduler_.for_each_worker([&](Worker& worker) {
    if (worker.taken.load(std::memory_order_relaxed) && worker.glimpse())
      until = std::min(until, look_at_adrift(worker, now));
  });
  return until;
}

std::int64_t Monitor::look_at_adrift(Worker& worker, std::int64_t now) {
  Adrift adrift;
  {
    std::lock_guard lock(worker.take_lock);
    if (!worker.taken.load(std::memory_order_relaxed)) return detail::kNever;
    adrift = worker.adrift;
  }
  if (now < adrift.next_look) return adrift.next_look;
  const bool blocked = blocks(worker, adrift.used);
  // One that computes without a processor is one too many: it is to queue up for one.
  if (!worker.in_foreign() && !blocked && adrift.patience != 0) scheduler_.request_preemption(worker);
  adrift.patience = blocked ? std::clamp(2 * adrift.patience, limits_.quantum, kPatience) : limits_.quantum;
  adrift.next_look = now + adrift.patience;
  std::lock_guard lock(worker.take_lock);
  if (worker.adrift.period == adrift.period) worker.adrift = adrift;
  return adrift.next_look;
}

void Monitor::sleep(std::int64_t now, const Survey& seen) {
  if (seen.moved || seen.again <= now + 2 * limits_.wakeup_slice) {
    alert_.store(true, std::memory_order_relaxed);
    return sleep_until(now, std::min(seen.again, now + std::max(kLongestPause, limits_.wakeup_slice)));
  }
  if (alert_.load(std::memory_order_relaxed) && !lay_alert_down(now, seen)) return;
  seen.waiting ? sleep_until(now, std::min(seen.again, now + kRest)) : rest(now, seen.again);
}

bool Monitor::lay_alert_down(std::int64_t now, const Survey& seen) {
  const std::uint64_t wakes = scheduler_.wakes();
  alert_.store(false, std::memory_order_seq_cst);
  if (scheduler_.processors().size() == 1) scheduler_.fence();
  if (scheduler_.wakes() == wakes && look_at_all(now).waiting == seen.waiting) return true;
  alert_.store(true, std::memory_order_relaxed);
  return false;
}

void Monitor::sleep_until(std::int64_t now, std::int64_t until) {
  until = std::min({until, next_trace_, next_stacks_});
  wakes_at_.store(until, std::memory_order_seq_cst);
  parker_.park_for(std::max(until - now, kShortestSleep));
  wakes_at_.store(0, std::memory_order_relaxed);
}

void Monitor::rest(std::int64_t now, std::int64_t until) {
  const std::uint64_t switches = scheduler_.stats().switches;
  const bool something_happened = switches != std::exchange(switches_at_rest_, switches);
  if (all_idle()) until = std::min(until, deadlock_.look(now));
  if (something_happened || !all_idle()) return sleep_until(now, std::min(until, now + kRest));
  asleep_.exchange(true, std::memory_order_seq_cst);
  if (all_idle() && !scheduler_.stopping()) {
    const std::int64_t again = std::min({until, next_trace_, next_stacks_});
    again == detail::kNever ? parker_.park() : (void)parker_.park_for(std::max(again - now, kShortestSleep));
  }
  asleep_.store(false, std::memory_order_relaxed);
}

void Monitor::raise_alert() noexcept {
  if (!alert_.exchange(true, std::memory_order_seq_cst)) wake();
}

bool Monitor::all_idle() const {
  const auto& processors = scheduler_.processors();
  return std::all_of(processors.begin(), processors.end(),
                     [](const auto& processor) { return processor->idle.load(std::memory_order_seq_cst); });
}

void Monitor::end_all() {
  scheduler_.for_each_worker([this](Worker& worker) { scheduler_.request_preemption(worker); });
}

// --- The workers' own alarms --------------------------------------------------------------------------------------------

void Monitor::expect(Worker& worker, std::int64_t when) noexcept {
  if (own_alarms_) {
    if (when == detail::kNever) return;
    if (!alert_.load(std::memory_order_relaxed)) raise_alert();  // for the case that the worker's thread blocks
    if (when < worker.alarm.at.load(std::memory_order_relaxed)) arm(worker, nanotime(), when);
  } else if (when < wakes_at_.load(std::memory_order_relaxed)) {
    wake();
  }
}

void Monitor::set_alert(Worker& worker) noexcept {
  if (worker.alarm.alert.exchange(true, std::memory_order_relaxed)) return;
  const std::int64_t now = nanotime();
  if (now + limits_.wakeup_slice < worker.alarm.at.load(std::memory_order_relaxed))
    arm(worker, now, now + limits_.wakeup_slice);
}

void Monitor::arm(Worker& worker, std::int64_t now, std::int64_t when) noexcept {
  worker.alarm.at.store(when, std::memory_order_relaxed);
  scheduler_.interfaces().delivery->arm(&worker, std::max<std::int64_t>(when - now, kShortestSleep));
}

void Monitor::alarm(Worker& worker) noexcept {
  if (!own_alarms_) return;
  worker.alarm.at.store(detail::kNever, std::memory_order_relaxed);
  worker.alarm.alert.store(false, std::memory_order_relaxed);
  Processor* processor = worker.processor;
  if (!processor) return;
  const std::int64_t now = nanotime();
  const OthersWaiting others{scheduler_.global_size() != 0, false};
  const SliceWatch::Result seen = worker.alarm.watch.look(*processor, others, limits_, now);
  std::int64_t again = seen.again;
  if (seen.late) processor->attention.store(true, std::memory_order_relaxed);
  if (seen.over) {
    processor->request_for.store(seen.whom, std::memory_order_relaxed);
    scheduler_.poison(worker);
    again = worker.alarm.watch.requested(limits_, now);
  }
  worker.alarm.alert.store(seen.moved || again <= now + 2 * limits_.wakeup_slice, std::memory_order_relaxed);
  if (again != detail::kNever) arm(worker, now, again);
}

}  // namespace heddle::sched
