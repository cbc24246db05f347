// Foreign calls. On the way in three stores and a change of stack; on the way out as many, and a look at whether the processor
// has been taken, which costs nothing as long as it has not (sched/core_section.hpp).
#include "base/fatal.hpp"
#include "base/forked_child.hpp"
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

/// What a foreign call is made of.
using Function = void* (*)(void* closure) noexcept;

/// For tools that want to know of every change of the stack.
struct Told {
  Worker& worker;
  FiberBlock& fiber;
  Function function;
  void* closure;

  static void* run(void* argument) noexcept {
    const Told& told = *static_cast<Told*>(argument);
    sched::tools::arrive(told.worker.tools, told.worker.tools);
    told.function(told.closure);
    sched::tools::leave_by_return(told.worker.tools, told.fiber.tools);
    return nullptr;
  }
};

/// Calls function(closure) below the worker's loop, while the fiber is parked in *save.
[[gnu::always_inline]] inline void run_on_system_stack(Worker& worker, FiberBlock& fiber, HeddleContext* save,
                                                       Function function, void* closure) {
  const HeddleContextSwitcher& switcher = *worker.scheduler.interfaces().context_switcher;
  if constexpr (base::kAddressSanitizer || base::kThreadSanitizer) {
    Told told{worker, fiber, function, closure};
    sched::tools::leave(fiber.tools, worker.tools);
    switcher.park_and_call(save, &worker.system, Told::run, &told);
    sched::tools::arrive(fiber.tools, worker.tools);
  } else {
    switcher.park_and_call(save, &worker.system, function, closure);
  }
}

/// The last error that foreign code has left, on a port that has one. The core's own calls of the system would overwrite it.
std::uint32_t last_error(const Worker& worker) {
  const HeddleProcedureCaller* port = worker.scheduler.interfaces().procedure_caller;
  return port ? port->get_last_error() : 0;
}

/// Of a call that does not come back the quick way.
struct ComingBack {
  Worker& worker;
  std::uint32_t last_error = 0;
};

/// The processor was taken, or is about to be. On the system stack: until the worker is no longer in foreign code, somebody may look at the
/// fiber's stack.
void* come_back(void* closure) noexcept {
  auto& back = *static_cast<ComingBack*>(closure);
  Worker& worker = back.worker;
  back.last_error = last_error(worker);
  const bool was_left = worker.was_left_its_processor();
  was_left ? worker.leave_foreign() : worker.scheduler.stops().leave_foreign(worker);
  return nullptr;
}

/// Gives way if that is wanted, and leaves the last error as the call has.
[[gnu::cold, gnu::noinline]] void finish(const Worker& worker, std::uint32_t error) {
  const HeddleProcedureCaller* port = worker.scheduler.interfaces().procedure_caller;
  if (worker.preemption_requested()) this_fiber::checkpoint();
  if (port) port->set_last_error(error);
}

/// REQUIRES: the fiber runs on the worker, and not in foreign code.
void call(Worker& worker, FiberBlock& fiber, Function function, void* closure) {
  ForeignFrame frame{fiber.foreign};
  fiber.foreign = &frame;
  fiber.ties |= sched::kInForeign;
  worker.enter_foreign();
  worker.in_core.store(false, std::memory_order_release);
  run_on_system_stack(worker, fiber, &fiber.context, function, closure);
  // What enter_core does, but here nothing may be called yet. If an exception has left a callback the call was abandoned, and the
  // worker is in the core already.
  sched::raise_core_after_foreign(worker);
  ComingBack back{worker};
  const bool quick = !worker.taken.load(std::memory_order_relaxed);
  if (!quick) [[unlikely]] {
    // Whoever has looked at the stack has left the fiber parked deeper than it was.
    HeddleContext here;
    if (worker.in_foreign() && !base::in_forked_child()) run_on_system_stack(worker, fiber, &here, come_back, &back);
  } else if (worker.in_foreign()) [[likely]] {
    worker.leave_foreign();
  }
  fiber.foreign = frame.outer;
  fiber.parked_in_trace = false;  // somebody may have looked at the stack meanwhile
  fiber.ties &= ~sched::kInForeign;
  // In a child that was forked meanwhile there are no processors, and who comes out of the call needs none.
  Worker& now = worker.processor || base::in_forked_child() ? worker : worker.scheduler.rejoin(worker);
  sched::leave_core(now);
  if (!quick || now.preemption_requested()) [[unlikely]]
    finish(now, quick ? last_error(now) : back.last_error);
  if (frame.failure) [[unlikely]]
    std::rethrow_exception(std::move(frame.failure));
}

}  // namespace

void refuse_end_of_thread() noexcept {
  base::fatal(
      "a thread ends (pthread_exit, or it was cancelled) inside heddle::callback or a foreign call: frames of a fiber "
      "wait for it to "
      "come back");
}

void run_foreign(void* (*function)(void*) noexcept, void* closure) {
  Worker* worker = sched::current_worker();
  FiberBlock* fiber = worker ? worker->current() : nullptr;
  if (!fiber || fiber->ties & sched::kInForeign) {
    function(closure);
    return;
  }
  call(*worker, *fiber, function, closure);
}

void run_blocking(void* (*function)(void*) noexcept, void* closure) {
  Worker* worker = sched::current_worker();
  FiberBlock* fiber = worker ? worker->current() : nullptr;
  if (!fiber || fiber->ties & sched::kInForeign) {
    function(closure);
    return;
  }
  sched::enter_with_processor(*worker);
  worker->scheduler.leave_processor(*worker);
  call(*worker, *fiber, function, closure);
}

}  // namespace heddle::detail
