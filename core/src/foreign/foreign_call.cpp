// Foreign calls. On the way in three stores and a change of stack; on the way out as many, and a look at whether the processor
// has been taken, which costs nothing as long as it has not (sched/core_section.hpp).
#include "base/fatal.hpp"
#include "sched/core_section.hpp"
#include "sched/foreign_frame.hpp"
#include "sched/scheduler.hpp"
#include "sched/switch.hpp"
#include "sched/tool_hooks.hpp"

#include <heddle/foreign_call.hpp>
#include <heddle/this_fiber.hpp>

#include <utility>

namespace heddle::detail {

namespace {

using sched::FiberBlock;
using sched::ForeignFrame;
using sched::Worker;

/// On the system stack. Returns the worker.
void* run_on_system_stack(void* argument) {
  ForeignFrame& frame = *static_cast<ForeignFrame*>(argument);
  Worker& worker = *frame.worker;
  sched::tools::arrive(worker.tools, worker.tools);
  frame.function(frame.closure);
  if (sched::enter_core(worker)) [[likely]] {
    worker.in_foreign.store(false, std::memory_order_relaxed);
  } else {
    worker.scheduler.stops().leave_foreign(worker);
    frame.lost_processor = true;
  }
  sched::tools::leave(worker.tools, frame.fiber->tools);
  return &worker;
}

/// REQUIRES: the fiber runs on the worker, and not in foreign code.
void call(Worker& worker, FiberBlock& fiber, void (*function)(void*) noexcept, void* closure) {
  ForeignFrame frame{&worker, &fiber, function, closure, std::exchange(fiber.foreign, nullptr)};
  fiber.foreign = &frame;
  fiber.ties |= sched::kInForeign;
  worker.foreign_calls.store(worker.foreign_calls.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  worker.in_foreign.store(true, std::memory_order_relaxed);
  worker.in_core.store(false, std::memory_order_release);
  sched::tools::leave(fiber.tools, worker.tools);
  worker.scheduler.interfaces().context_switcher->park_and_call(&fiber.context, &worker.system, run_on_system_stack, &frame);
  sched::tools::arrive(fiber.tools, worker.tools);
  // From here on as if an exception had left a callback: then the call was abandoned, and the callback has put everything back.
  fiber.foreign = frame.outer;
  fiber.parked_in_trace = false;  // somebody may have looked at the stack meanwhile
  fiber.ties &= ~sched::kInForeign;
  Worker& now = frame.lost_processor ? worker.scheduler.rejoin(worker) : worker;
  sched::leave_core(now);
  if (now.preemption_requested()) [[unlikely]]
    this_fiber::checkpoint();
  if (frame.failure) [[unlikely]]
    std::rethrow_exception(std::move(frame.failure));
}

}  // namespace

void run_foreign(void (*function)(void*) noexcept, void* closure) {
  Worker* worker = sched::current_worker();
  FiberBlock* fiber = worker ? worker->current() : nullptr;
  if (!fiber || fiber->ties & sched::kInForeign) return function(closure);
  call(*worker, *fiber, function, closure);
}

void run_blocking(void (*function)(void*) noexcept, void* closure) {
  Worker* worker = sched::current_worker();
  FiberBlock* fiber = worker ? worker->current() : nullptr;
  if (!fiber || fiber->ties & sched::kInForeign) return function(closure);
  sched::enter_with_processor(*worker);
  worker->scheduler.leave_processor(*worker);
  call(*worker, *fiber, function, closure);
}

}  // namespace heddle::detail
