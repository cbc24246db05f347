#include "sched/monitor.hpp"

#include "base/log.hpp"
#include "sched/schedtrace.hpp"
#include "sched/scheduler.hpp"

#include <algorithm>

namespace heddle::sched {

namespace {

constexpr std::int64_t kShortestSleep = 20'000;   // ns; below that a sleep costs more than it saves
constexpr std::int64_t kEndingPause = 1'000'000;  // ns, between requests while the scheduler stops

}  // namespace

Monitor::Monitor(Scheduler& scheduler)
    : scheduler_(scheduler),
      quantum_(scheduler.config().preempter.quantum.count()),
      wakeup_slice_(scheduler.config().preempter.wakeup_slice.count()),
      trace_every_(scheduler.config().diagnostics.schedtrace.count()),
      deadlock_(scheduler) {}

void Monitor::start() {
  watches_.resize(scheduler_.processors().size());
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
    if (scheduler_.code_map().stale()) scheduler_.code_map().refresh();
    const std::int64_t now = nanotime();
    scheduler_.note_time(now);
    trace(now);
    std::int64_t until = now + quantum_ / 2;
    for (const auto& processor : scheduler_.processors())
      until = std::min(until, look(*processor, watches_[processor->index], now));
    sleep(now, until);
  }
}

void Monitor::trace(std::int64_t now) {
  if (now < next_trace_) return;
  base::log(base::LogLevel::kTrace, schedtrace(scheduler_, now - started_));
  next_trace_ = now + trace_every_;
}

void Monitor::sleep(std::int64_t now, std::int64_t until) {
  if (all_idle()) {
    asleep_.exchange(true, std::memory_order_seq_cst);
    if (all_idle() && !scheduler_.stopping()) {
      const std::int64_t again = std::min(next_trace_, deadlock_.look(now));
      again == detail::kNever ? parker_.park() : (void)parker_.park_for(std::max(again - now, kShortestSleep));
    }
    asleep_.store(false, std::memory_order_relaxed);
    return;
  }
  until = std::min(until, next_trace_);
  wakes_at_.store(until, std::memory_order_relaxed);
  parker_.park_for(std::max(until - now, kShortestSleep));
  wakes_at_.store(0, std::memory_order_relaxed);
}

std::int64_t Monitor::look(Processor& processor, Watch& watch, std::int64_t now) {
  Worker* worker = processor.worker.load(std::memory_order_acquire);
  if (processor.idle.load(std::memory_order_relaxed) || !worker || scheduler_.stops().asked()) return detail::kNever;
  const std::uint32_t slice = processor.slices.load(std::memory_order_relaxed);
  if (watch.since == 0 || slice != watch.slice) watch = {slice, now, 0, wakeup_slice_};
  const std::int64_t due = processor.timers.earliest();
  const bool late = due <= now;
  if (late) {
    processor.attention.store(true, std::memory_order_relaxed);
    if (scheduler_.has_idle_processor()) {
      scheduler_.wake_one();  // it takes the timer over
      return now + wakeup_slice_;
    }
  }
  const bool waited_for = late || processor.has_ready() || scheduler_.global_size() != 0;
  const std::int64_t ends = watch.since + (late ? wakeup_slice_ : quantum_);
  if (!waited_for) return due;
  if (now < ends) return late ? ends : std::min(ends, due);
  if (now >= watch.next_request) {
    scheduler_.request_preemption(*worker);
    watch.next_request = now + watch.patience;
    watch.patience = std::min(2 * watch.patience, quantum_);
  }
  return watch.next_request;
}

bool Monitor::all_idle() const {
  const auto& processors = scheduler_.processors();
  return std::all_of(processors.begin(), processors.end(),
                     [](const auto& processor) { return processor->idle.load(std::memory_order_seq_cst); });
}

void Monitor::end_all() {
  scheduler_.for_each_worker([this](Worker& worker) { scheduler_.request_preemption(worker); });
}

}  // namespace heddle::sched
