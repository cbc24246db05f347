// Foreign calls. On the way in three stores and a change of stack; on the way out as many, and a look at whether the processor
// has been taken, which costs nothing as long as it has not (sched/core_section.hpp).
#include "base/fatal.hpp"
#include "base/forked_child.hpp"
#include "sched/core_section.hpp"
#include "sched/foreign_frame.hpp"
#include "sched/scheduler.hpp"
#include "sched/switch.hpp"
#include "sched/tool_hooks.hpp"

#include <heddle/detail/preemption_request.hpp>
#include <heddle/foreign_call.hpp>

#include <utility>

namespace heddle::detail {

namespace {

using sched::FiberBlock;
using sched::ForeignFrame;
using sched::Worker;

/// What a foreign call is made of.
using Function = void* (*)(void* closure) noexcept;

/// The last error that foreign code has left, on a port that has one. The core's own calls of the system would overwrite it.
std::uint32_t last_error(const Worker& worker) {
  const HeddleProcedureCaller* port = worker.scheduler.interfaces().procedure_caller;
  return port ? port->get_last_error() : 0;
}

/// A call, on the system stack. "In foreign code" means that the fiber is parked and stays so: it is raised once the fiber is off its
/// stack and lowered before it is back, because whoever has the world stopped may look at that stack.
struct Below {
  Worker& worker;
  FiberBlock& fiber;
  Function function;
  void* closure;
  bool quick = true;  // nobody took the processor, nor was about to. So it is too when an exception has left a callback: the call was
                      // abandoned, and the worker is in the core already
  std::uint32_t last_error = 0;  // of a call that was not quick

  static void* run(void* argument) noexcept {
    Below& call = *static_cast<Below*>(argument);
    Worker& worker = call.worker;
    sched::tools::arrive(worker.tools, worker.tools);
    worker.enter_foreign();
    worker.in_core.store(false, std::memory_order_release);
    call.function(call.closure);
    sched::raise_core_after_foreign(worker);
    if (!worker.taken.load(std::memory_order_relaxed)) [[likely]] {
      worker.leave_foreign();
    } else {
      call.come_back();
    }
    sched::tools::leave_by_return(worker.tools, call.fiber.tools);
    return nullptr;
  }

  [[gnu::cold, gnu::noinline]] void come_back() {
    quick = false;
    if (base::in_forked_child()) return worker.leave_foreign();
    last_error = detail::last_error(worker);
    worker.was_left_its_processor() ? worker.leave_foreign() : worker.scheduler.stops().leave_foreign(worker);
  }
};

/// Gives way if that is wanted, and leaves the last error as the call has.
[[gnu::cold, gnu::noinline]] void finish(const Worker& worker, std::uint32_t error) {
  const HeddleProcedureCaller* port = worker.scheduler.interfaces().procedure_caller;
  if (worker.preemption_requested()) give_way_if_asked();
  if (port) port->set_last_error(error);
}

/// REQUIRES: the fiber runs on the worker, and not in foreign code.
void call(Worker& worker, FiberBlock& fiber, Function function, void* closure) {
  ForeignFrame frame{fiber.foreign};
  fiber.foreign = &frame;
  fiber.ties |= sched::kInForeign;
  Below below{worker, fiber, function, closure};
  sched::tools::leave(fiber.tools, worker.tools);
  worker.scheduler.interfaces().context_switcher->park_and_call(&fiber.context, &worker.system, Below::run, &below);
  sched::tools::arrive(fiber.tools, worker.tools);
  fiber.foreign = frame.outer;
  fiber.parked_in_trace = false;  // somebody may have looked at the stack meanwhile
  fiber.ties &= ~sched::kInForeign;
  // In a child that was forked meanwhile there are no processors, and who comes out of the call needs none.
  Worker& now = worker.processor || base::in_forked_child() ? worker : worker.scheduler.rejoin(worker);
  sched::leave_core(now);
  if (!below.quick || now.preemption_requested()) [[unlikely]]
    finish(now, below.quick ? last_error(now) : below.last_error);
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
