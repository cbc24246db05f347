// The switch itself, in line wherever a fiber leaves: a call less on the way, and the processor's return stack stays in
// step (a return that goes to another place than its call came from costs as much as the whole switch).
#pragma once

#include "sched/core_section.hpp"
#include "sched/pick.hpp"
#include "sched/scheduler.hpp"
#include "sched/split_stack.hpp"
#include "sched/wait_note.hpp"

namespace heddle::sched {

/// The commit of yield().
inline bool put_behind(Worker& worker, FiberBlock& parked, void*) {
  if (!worker.processor->queue.push(&parked)) [[unlikely]]
    worker.scheduler.push_behind(*worker.processor, parked);
  return true;
}

inline void put_on(Worker& worker, FiberBlock& fiber) {
  worker.set_current(&fiber);
  worker.poison.store(0, std::memory_order_relaxed);
  copy_exception_globals(*worker.exception_globals, fiber.exceptions, worker.long_exception_globals);
  *worker.error_number = fiber.error_number;
  set_stack_limit(worker, fiber);
}

inline void take_off(Worker& worker, FiberBlock& fiber) {
  copy_exception_globals(fiber.exceptions, *worker.exception_globals, worker.long_exception_globals);
  fiber.error_number = *worker.error_number;
}

inline void put_on_system(Worker& worker) {
  worker.set_current(nullptr);
  clear_stack_limit(worker);
  copy_exception_globals(*worker.exception_globals, worker.system_exceptions, worker.long_exception_globals);
}

/// A fiber that must go on elsewhere is for the worker's loop to hand over.
inline FiberBlock* for_this_worker(Worker& worker, FiberBlock* next) {
  if (!next || !next->pinned) [[likely]]
    return next;
  worker.picked = next;
  return nullptr;
}

[[gnu::always_inline]] inline void finish(Worker& worker) {
  if (worker.commit == put_behind) {  // by far the most frequent one: spare it the indirect call
    put_behind(worker, *worker.commit_fiber, nullptr);
  } else if (worker.commit && !worker.commit(worker, *worker.commit_fiber, worker.commit_argument)) {
    note_woken(*worker.commit_fiber);
    worker.scheduler.push_ready(worker, *worker.commit_fiber);
  }
}

/// Goes on in `to`, or in the worker's loop when that is null; returns when `from` goes on, with the worker that it is
/// on then.
[[gnu::always_inline]] inline Worker& switch_from(Worker& worker, FiberBlock& from, FiberBlock* to, Commit commit,
                                                  void* argument) {
  worker.commit = commit;
  worker.commit_fiber = &from;
  worker.commit_argument = argument;
  take_off(worker, from);
  count(worker.processor->counters.switches);
  const HeddleContext* target;
  if (to) {
    put_on(worker, *to);
    target = &to->context;
  } else {
    put_on_system(worker);
    target = &worker.system;
  }
  tools::leave(from.tools, to ? to->tools : worker.tools);
  Worker& now = *static_cast<Worker*>(worker.swap(&from.context, target, &worker));
  tools::arrive(from.tools, now.tools);
  finish(now);
  return now;
}

}  // namespace heddle::sched
