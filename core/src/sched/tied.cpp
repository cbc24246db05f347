// How a fiber waits that is tied to its thread: by LockThread, or by foreign code below a callback on that thread's system stack.
//
// It is parked on its own stack like any other, but its worker does not go on to the next fiber: below the loop, on the system stack, it leaves
// its processor to another worker and waits until whoever comes to the fiber in a queue hands one over.
#include "base/fatal.hpp"
#include "sched/foreign_frame.hpp"
#include "sched/scheduler.hpp"
#include "sched/switch.hpp"
#include "sched/switch_inline.hpp"

#include <utility>

namespace heddle::sched {

namespace {

struct TiedWait {
  Worker& worker;
  FiberBlock& fiber;
  Commit commit;
  void* argument;
};

/// On the system stack.
void* wait_on_thread(void* argument) {
  const TiedWait& wait = *static_cast<TiedWait*>(argument);
  Worker& worker = wait.worker;
  tools::arrive(worker.tools, worker.tools);
  wait_tied_below(worker, wait.fiber, wait.commit, wait.argument);
  tools::leave_by_return(worker.tools, wait.fiber.tools);
  return &worker;
}

}  // namespace

void wait_tied_below(Worker& worker, FiberBlock& fiber, Commit commit, void* argument) {
  take_off(worker, fiber);
  count(worker.processor->counters.switches);
  put_on_system(worker);
  if (!worker.scheduler.wait_tied(worker, fiber, commit, argument)) return_to_loop(worker, fiber);
  put_on(worker, fiber);
}

Worker& park_tied(Worker& worker, Commit commit, void* argument) {
  FiberBlock& fiber = *worker.current();
  if (fiber.ties & kInForeign) base::fatal(kInForeignCall);
  TiedWait wait{worker, fiber, commit, argument};
  tools::leave(fiber.tools, worker.tools);
  worker.scheduler.interfaces().context_switcher->park_and_call(&fiber.context, &worker.system, wait_on_thread, &wait);
  tools::arrive(fiber.tools, worker.tools);
  return worker;
}

bool Scheduler::wait_tied(Worker& worker, FiberBlock& fiber, Commit commit, void* argument) {
  Worker* const pinned = std::exchange(fiber.pinned, &worker);
  if (commit(worker, fiber, argument)) {
    Processor& processor = *worker.processor;
    worker.processor = nullptr;
    leave_to_another(processor);
    if (!wait_for_processor(worker)) return false;  // it may still be in a queue, and nobody else is to run it
  } else {
    note_woken(fiber);
  }
  fiber.pinned = pinned;
  return true;
}

}  // namespace heddle::sched
