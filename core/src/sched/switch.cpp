#include "sched/switch.hpp"

#include "base/fatal.hpp"
#include "sched/scheduler.hpp"
#include "sched/switch_inline.hpp"

namespace heddle::sched {

std::atomic<HeddleThread*(HEDDLE_CALL*)()> internal::current_thread{[]() -> HeddleThread* { return nullptr; }};

namespace {

// Commits. Each may be the last to touch the fiber.
bool put_global(Worker& worker, FiberBlock& parked, void*) {
  worker.scheduler.push_global(parked);
  return true;
}

bool keep(Worker& worker, FiberBlock& parked, void*) {
  worker.kept = &parked;
  return true;
}

/// The scheduler stops: this fiber is never resumed.
[[noreturn]] void leave_for_good(Worker& worker) {
  switch_from(worker, *worker.current(), nullptr, nullptr, nullptr);
  base::fatal("a fiber went on after its scheduler had stopped");
}

/// What the caller asked for is done: nobody waits for the processor.
void go_on(Worker& worker) {
  if (worker.scheduler.stopping()) leave_for_good(worker);
  worker.stack_guard.store(worker.current()->stack_guard, std::memory_order_relaxed);
}

/// A request is met: what would have inherited the slice queues up like the others. Before the timers are looked at,
/// because a fiber that one of them makes ready is what the request is often for.
void end_slice(Worker& worker) {
  Processor& processor = *worker.processor;
  worker.stack_guard.store(worker.current()->stack_guard, std::memory_order_relaxed);
  if (FiberBlock* heir = processor.take_next()) worker.scheduler.push_behind(processor, *heir);
  processor.begin_slice();
}

/// From a thread without a processor.
void ready_elsewhere(FiberBlock& fiber) noexcept {
  Scheduler* scheduler = Scheduler::running();
  base::check(scheduler, "a fiber was woken after its run() had returned");
  scheduler->push_global(fiber);
  if (scheduler->has_idle_processor()) scheduler->wake_one();
}

}  // namespace

Worker& park(Worker& worker, Commit commit, void* argument) {
  FiberBlock* next = for_this_worker(worker, worker.scheduler.pick_next(worker));
  return switch_from(worker, *worker.current(), next, commit, argument);
}

void yield(Worker& worker) {
  FiberBlock* next = worker.scheduler.pick_next(worker);
  if (!next) [[unlikely]]
    return go_on(worker);
  switch_from(worker, *worker.current(), for_this_worker(worker, next), put_behind, nullptr);
}

void give_way(Worker& worker) {
  end_slice(worker);
  FiberBlock* next = worker.scheduler.pick_next(worker);
  if (!next) return go_on(worker);
  // Behind those that wait for any processor: its slice is used up.
  switch_from(worker, *worker.current(), for_this_worker(worker, next), put_global, nullptr);
}

void keep_worker(Worker& worker) {
  end_slice(worker);
  if (worker.scheduler.stopping() || !worker.scheduler.has_other_work(worker)) return go_on(worker);
  switch_from(worker, *worker.current(), nullptr, keep, nullptr);
}

void run_fiber(Worker& worker, FiberBlock& fiber) {
  copy_exception_globals(worker.system_exceptions, *worker.exception_globals, worker.long_exception_globals);
  worker.commit = nullptr;
  put_on(worker, fiber);
  count(worker.processor->counters.switches);
  tools::leave_system(worker.tools);
  tools::leave(worker.tools, fiber.tools);
  worker.swap(&worker.system, &fiber.context, &worker);
  tools::arrive(worker.tools, worker.tools);
  finish(worker);
}

void ready(FiberBlock& fiber) noexcept {
  if (Worker* worker = current_worker(); worker && worker->processor) {
    worker->scheduler.push_ready(*worker, fiber);
  } else {
    ready_elsewhere(fiber);
  }
}

void ready_in_turn(FiberBlock& fiber) noexcept {
  if (Worker* worker = current_worker(); worker && worker->processor) {
    worker->scheduler.push_in_turn(*worker, fiber);
  } else {
    ready_elsewhere(fiber);
  }
}

}  // namespace heddle::sched
