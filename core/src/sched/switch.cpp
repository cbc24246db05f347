#include "sched/switch.hpp"

#include "base/fatal.hpp"
#include "base/forked_child.hpp"
#include "sched/foreign_frame.hpp"
#include "sched/scheduler.hpp"
#include "sched/switch_inline.hpp"
#include "sched/wait_note.hpp"

namespace heddle::sched {

void Worker::begin_anew() {
  static_cast<HeddleThread&>(*this) = HeddleThread{};
  in_core.store(true, std::memory_order_relaxed);
  bound.store(false, std::memory_order_relaxed);
  foreign_steps.store(0, std::memory_order_relaxed);
  picked = nullptr;
  ends = false;
  alarm.at.store(detail::kNever, std::memory_order_relaxed);
  alarm.alert.store(false, std::memory_order_relaxed);
  tools = {};
}

std::atomic<HeddleThread*(HEDDLE_CALL*)()> internal::current_thread{[]() -> HeddleThread* { return nullptr; }};

namespace {

// Commits. Each may be the last to touch the fiber.
bool put_back(Worker& worker, FiberBlock& parked, void*) {
  worker.scheduler.push_preempted(worker, parked);
  return true;
}

bool keep(Worker& worker, FiberBlock& parked, void*) {
  worker.kept = &parked;
  return true;
}

/// What the caller asked for is done: nobody waits for the processor, unless it is to stand still. Then `commit` is for the fiber. Returns the
/// worker that it is on then.
Worker& go_on(Worker& worker, Commit commit) {
  if (worker.scheduler.stopping()) leave_for_good(worker);
  if (worker.scheduler.stops().interrupts(worker)) [[unlikely]] {
    if (worker.current()->ties != 0) return park_tied(worker, commit, nullptr);
    return switch_from(worker, *worker.current(), nullptr, commit, nullptr);
  }
  worker.poison.store(0, std::memory_order_relaxed);
  return worker;
}

/// A request is met: what would have inherited the slice queues up like the others, unless it is what the request was made for. Before
/// the timers are looked at, because a fiber that one of them makes ready is what the request is often for.
void end_slice(Worker& worker) {
  Processor& processor = *worker.processor;
  worker.poison.store(0, std::memory_order_relaxed);
  const Beneficiary whom = processor.request_for.load(std::memory_order_relaxed);
  processor.request_for.store(Beneficiary::kAnyone, std::memory_order_relaxed);
  worker.ended_for = whom;
  if (whom == Beneficiary::kWokenGlobal) processor.until_check = 1;
  if (whom != Beneficiary::kWokenHere) {
    if (FiberBlock* heir = processor.take_next()) worker.scheduler.push_behind(processor, *heir);
  }
  processor.begin_slice();
}

/// Foreign code that waits for a callback is left behind with the fiber.
void abandon_callbacks(Worker& worker, const FiberBlock& fiber) {
  for (const CallbackFrame* frame = fiber.callback; frame; frame = frame->outer) leave_behind(worker, *frame);
}

/// Lets the others run before a fiber that is tied to its thread goes on.
void let_others_run(Worker& worker, Commit commit) {
  if (worker.current()->ties & kInForeign) base::fatal(kInForeignCall);
  worker.scheduler.has_other_work(worker) ? park_tied(worker, commit, nullptr) : go_on(worker, commit);
}

/// From a thread without a processor.
Scheduler& scheduler_of_all() {
  base::refuse_in_forked_child();
  Scheduler* scheduler = Scheduler::running();
  base::check(scheduler, "a fiber was woken after its run() had returned");
  return *scheduler;
}

}  // namespace

void leave_behind(Worker& worker, const CallbackFrame& frame) {
  const auto inherit = worker.scheduler.interfaces().context_switcher->inherit;
  if (inherit) inherit(&frame.system, &worker.system);
  tools::abandons_stack(worker.system.sp, frame.system.sp);
  worker.system = frame.system;
}

void leave_for_good(Worker& worker) {
  worker.commit = nullptr;
  FiberBlock& left = *worker.current();
  abandon_callbacks(worker, left);
  put_on_system(worker);
  HeddleContext never{};
  tools::leave(left.tools, worker.tools);
  worker.swap(&never, &worker.system, &worker);
  base::fatal("a fiber went on after its scheduler had stopped");
}

void return_to_loop(Worker& worker, FiberBlock& fiber) {
  worker.commit = nullptr;
  abandon_callbacks(worker, fiber);
  tools::abandons_frames();
  tools::leave(worker.tools, worker.tools);
  worker.scheduler.interfaces().context_switcher->jump(&worker.system, &worker);
  base::fatal("a context that was left went on");
}

Worker& park(Worker& worker, Commit commit, void* argument) {
  enter_with_processor(worker);
  if (worker.current()->ties != 0) [[unlikely]] {
    park_tied(worker, commit, argument);
    leave_core(worker);
    return worker;
  }
  FiberBlock* next = for_this_worker(worker, worker.scheduler.pick_next(worker));
  Worker& now = switch_from(worker, *worker.current(), next, commit, argument);
  leave_core(now);
  return now;
}

void yield(Worker& worker) {
  enter_with_processor(worker);
  if (worker.current()->ties != 0) [[unlikely]] {
    let_others_run(worker, put_behind);
    return leave_core(worker);
  }
  FiberBlock* next = worker.scheduler.pick_next(worker);
  if (next) [[likely]] {
    leave_core(switch_from(worker, *worker.current(), for_this_worker(worker, next), put_behind, nullptr));
  } else {
    leave_core(go_on(worker, put_behind));
  }
}

void give_way(Worker& worker, Count ProcessorCounters::*reason) {
  if (!enter_with_processor(worker)) return leave_core(worker);
  count(worker.processor->counters.*reason);
  end_slice(worker);
  if (worker.current()->ties != 0) {
    let_others_run(worker, put_back);
    return leave_core(worker);
  }
  FiberBlock* next = worker.scheduler.pick_next(worker);
  if (next) return leave_core(switch_from(worker, *worker.current(), for_this_worker(worker, next), put_back, nullptr));
  leave_core(go_on(worker, put_back));
}

void give_way_parked(Worker& worker, const HeddleContext& parked, Count ProcessorCounters::*reason) {
  FiberBlock& fiber = *worker.current();
  count(worker.processor->counters.*reason);
  end_slice(worker);
  if (worker.scheduler.stopping()) return_to_loop(worker, fiber);
  if (!worker.scheduler.has_other_work(worker) && !worker.scheduler.stops().interrupts(worker)) return;
  fiber.context = parked;
  if (fiber.ties != 0) return wait_tied_below(worker, fiber, put_back, nullptr);
  worker.commit = put_back;
  worker.commit_fiber = &fiber;
  worker.commit_argument = nullptr;
  take_off(worker, fiber);
  count(worker.processor->counters.switches);
  put_on_system(worker);
  tools::abandons_frames();
  tools::leave(worker.tools, worker.tools);
  worker.scheduler.interfaces().context_switcher->jump(&worker.system, &worker);
  base::fatal("a context that was left went on");
}

void keep_worker(Worker& worker, Count ProcessorCounters::*reason) {
  if (!enter_with_processor(worker)) return leave_core(worker);
  count(worker.processor->counters.*reason);
  end_slice(worker);
  if (worker.current()->ties != 0) {
    let_others_run(worker, put_back);
  } else if (worker.scheduler.stopping() || !worker.scheduler.has_other_work(worker)) {
    go_on(worker, keep);
  } else {
    switch_from(worker, *worker.current(), nullptr, keep, nullptr);
  }
  leave_core(worker);
}

Worker& leave_without_processor(Worker& worker, Commit commit) {
  FiberBlock& fiber = *worker.current();
  worker.commit = commit;
  worker.commit_fiber = &fiber;
  worker.commit_argument = nullptr;
  take_off(worker, fiber);
  tools::leave(fiber.tools, worker.tools);
  Worker& now = *static_cast<Worker*>(worker.swap(&fiber.context, &worker.system, &worker));
  tools::arrive(fiber.tools, now.tools);
  finish(now);
  return now;
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

void start(FiberBlock& fiber) noexcept {
  note_woken(fiber);
  const CoreSection section(current_worker());
  if (Worker* worker = section.worker()) {
    worker->processor->note_start();
    return worker->scheduler.push_started(*worker, fiber);
  }
  Scheduler& scheduler = scheduler_of_all();
  scheduler.push_global(fiber);
  scheduler.find_processor(nullptr);
}

void ready(FiberBlock& fiber) noexcept {
  note_woken(fiber);
  const CoreSection section(current_worker());
  Worker* worker = section.worker();
  if (!worker) return scheduler_of_all().push_woken(fiber);
  count(worker->processor->counters.wakes);
  worker->scheduler.push_ready(*worker, fiber);
}

void ready_in_turn(FiberBlock& fiber) noexcept {
  note_woken(fiber);
  const CoreSection section(current_worker());
  Worker* worker = section.worker();
  if (!worker) return scheduler_of_all().push_woken(fiber);
  count(worker->processor->counters.wakes);
  worker->scheduler.push_in_turn(*worker, fiber);
}

}  // namespace heddle::sched
