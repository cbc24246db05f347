#include "sched/preemption.hpp"

#include "sched/scheduler.hpp"
#include "sched/segment.hpp"
#include "sched/switch.hpp"
#include "sched/wait_note.hpp"

#include <heddle/detail/preemption_request.hpp>
#include <heddle/this_fiber.hpp>

namespace heddle::sched {

namespace {

/// Is `sp` on the stack that the fiber is on, with so much room below it?
bool is_on_own_stack(const FiberBlock& fiber, std::uintptr_t sp, std::size_t room) {
  const stack::Stack& stack = current_stack(fiber);
  return sp >= reinterpret_cast<std::uintptr_t>(stack.lo) + room && sp < reinterpret_cast<std::uintptr_t>(stack.hi);
}

/// Is the interrupted code one that may be stopped here? Runs in a signal handler, or while
/// another thread has suspended the worker's: no lock, no allocation.
bool may_preempt(const Worker& worker, const HeddleRegisters& at) {
  const FiberBlock* fiber = worker.current();
  if (!fiber || worker.in_core.load(std::memory_order_relaxed) || !worker.preemption_requested()) return false;
  if (fiber->no_preempt != 0) return false;
  const Interfaces& interfaces = worker.scheduler.interfaces();
  if (!is_on_own_stack(*fiber, at.sp, interfaces.injection->inject_bytes + kCoreBytes)) return false;
  if (interfaces.vdso_caller->contains(at.pc)) return false;
  return worker.scheduler.code_map().allows(at.pc);
}

/// The fiber goes on as if nothing had been between two of its instructions.
void stop_between_instructions(Worker& worker, const void* at, Count ProcessorCounters::*reason) {
  const int error_number = *worker.error_number;
  note_wait(worker, kWasPreempted, at);
  if (worker.scheduler.config().preempter.resume == Resume::kSameThread) {
    keep_worker(worker, reason);
  } else {
    give_way(worker, reason);
  }
  Worker& now = *current_worker();
  note_woken(*now.current());
  *now.error_number = error_number;
}

}  // namespace

bool gives_way(const Worker& worker) noexcept {
  const FiberBlock* fiber = worker.current();
  if (!fiber || fiber->no_preempt != 0 || fiber->ties & kInForeign || !worker.preemption_requested()) return false;
  // Under `none` a request only ends the slice, at the next switch: see Processor::next.
  return worker.scheduler.interfaces().cooperative || worker.scheduler.stopping();
}

std::int32_t HEDDLE_CALL deliver(HeddleThread* thread, void* machine_context) noexcept {
  Worker* worker = static_cast<Worker*>(thread);
  if (!worker) return HEDDLE_E_NO_WORKER;
  const HeddlePreempter& injection = *worker->scheduler.interfaces().injection;
  HeddleRegisters at{};
  injection.locate(machine_context, &at);
  worker->scheduler.monitor().alarm(*worker);
  if (may_preempt(*worker, at) && injection.inject(machine_context) == HEDDLE_OK) {
    worker->interrupted_at = at.pc;
    return 1;
  }
  if (worker->current() && worker->preemption_requested()) worker->scheduler.count_refusal();
  return 0;
}

void HEDDLE_CALL preempted() noexcept {
  Worker& worker = *current_worker();
  stop_between_instructions(worker, reinterpret_cast<const void*>(worker.interrupted_at), &ProcessorCounters::preemptions);
}

}  // namespace heddle::sched

void heddle::detail::give_way_if_asked() noexcept {
  sched::Worker* worker = sched::current_worker();
  sched::FiberBlock* fiber = worker ? worker->current() : nullptr;
  if (!fiber || fiber->ties & sched::kInForeign) return;
  if (!worker->preemption_requested()) return worker->scheduler.note_vain_look(*worker);
  if (sched::gives_way(*worker)) sched::give_way(*worker, &sched::ProcessorCounters::cooperative_preemptions);
}

void heddle::detail::stop_if_asked(const void* at) noexcept {
  sched::Worker* worker = sched::current_worker();
  sched::FiberBlock* fiber = worker ? worker->current() : nullptr;
  // The caller may be anything: a signal handler, what the core has called, a function on a stack that the program has made.
  if (!fiber || worker->in_core.load(std::memory_order_relaxed) || fiber->ties & sched::kInForeign) return;
  if (!sched::is_on_own_stack(*fiber, reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)), sched::kCoreBytes))
    return;
  const HeddleProcedureCaller* port = worker->scheduler.interfaces().procedure_caller;
  const std::uint32_t last_error = port ? port->get_last_error() : 0;
  if (!worker->preemption_requested()) {
    worker->scheduler.note_vain_look(*worker);
  } else if (sched::gives_way(*worker)) {
    sched::stop_between_instructions(*worker, at, &sched::ProcessorCounters::cooperative_preemptions);
  }
  if (port) port->set_last_error(last_error);
}

namespace heddle::this_fiber {

NoPreempt::NoPreempt() noexcept {
  if (sched::FiberBlock* fiber = sched::current_fiber()) ++fiber->no_preempt;
}

NoPreempt::~NoPreempt() {
  sched::Worker* worker = sched::current_worker();
  if (!worker || !worker->current()) return;
  if (--worker->current()->no_preempt == 0 && worker->preemption_requested()) [[unlikely]]
    heddle::detail::give_way_if_asked();
}

}  // namespace heddle::this_fiber
