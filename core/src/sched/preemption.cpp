#include "sched/preemption.hpp"

#include "sched/scheduler.hpp"
#include "sched/segment.hpp"
#include "sched/switch.hpp"
#include "sched/wait_note.hpp"

#include <heddle/this_fiber.hpp>

namespace heddle::sched {

namespace {

/// Is the interrupted code one that may be stopped here? Runs in a signal handler, or while
/// another thread has suspended the worker's: no lock, no allocation.
bool may_preempt(const Worker& worker, const HeddleRegisters& at) {
  const FiberBlock* fiber = worker.current();
  if (!fiber || worker.in_core.load(std::memory_order_relaxed) || !worker.preemption_requested()) return false;
  if (fiber->no_preempt != 0) return false;
  const Interfaces& interfaces = worker.scheduler.interfaces();
  const stack::Stack& stack = current_stack(*fiber);
  const auto lowest = reinterpret_cast<std::uintptr_t>(stack.lo) + interfaces.injection->inject_bytes + kCoreBytes;
  if (at.sp < lowest || at.sp >= reinterpret_cast<std::uintptr_t>(stack.hi)) return false;
  if (interfaces.vdso_caller->contains(at.pc)) return false;
  return worker.scheduler.code_map().allows(at.pc);
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
  Worker* worker = current_worker();
  const int error_number = *worker->error_number;
  note_wait(*worker, kWasPreempted, reinterpret_cast<const void*>(worker->interrupted_at));
  if (worker->scheduler.config().preempter.resume == Resume::kSameThread) {
    keep_worker(*worker);
  } else {
    give_way(*worker, &ProcessorCounters::preemptions);
  }
  worker = current_worker();
  note_woken(*worker->current());
  *worker->error_number = error_number;
}

}  // namespace heddle::sched

namespace heddle::this_fiber {

namespace {

[[gnu::noinline]] void give_way_if_asked(sched::Worker& worker) noexcept {
  if (sched::gives_way(worker)) sched::give_way(worker, &sched::ProcessorCounters::cooperative_preemptions);
}

}  // namespace

void checkpoint() noexcept {
  sched::Worker* worker = sched::current_worker();
  if (worker && worker->preemption_requested()) [[unlikely]]
    give_way_if_asked(*worker);
}

NoPreempt::NoPreempt() noexcept {
  if (sched::FiberBlock* fiber = sched::current_fiber()) ++fiber->no_preempt;
}

NoPreempt::~NoPreempt() {
  sched::Worker* worker = sched::current_worker();
  if (!worker || !worker->current()) return;
  if (--worker->current()->no_preempt == 0 && worker->preemption_requested()) [[unlikely]]
    give_way_if_asked(*worker);
}

}  // namespace heddle::this_fiber
