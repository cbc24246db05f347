// pick_next: which fiber a worker runs next. In a header because each switch goes through it.
#pragma once

#include "sched/scheduler.hpp"

namespace heddle::sched {

/// Null when this processor has nothing to run, or the scheduler stops. What it returns may be pinned to another
/// worker.
[[gnu::always_inline]] inline FiberBlock* Scheduler::pick_next(Worker& worker) {
  Processor& processor = *worker.processor;
  if (processor.attention.load(std::memory_order_relaxed)) [[unlikely]] {
    const bool inherits = processor.next.load(std::memory_order_relaxed) != nullptr;
    if (!attend(processor)) return nullptr;
    if (!inherits) {
      // A timer that was due put it there: the request that the last fiber has left behind is not for this one.
      if (FiberBlock* woken = processor.take_next()) {
        processor.begin_slice();
        return woken;
      }
    }
  }
  if (FiberBlock* next = processor.take_next()) {
    // It inherits the slice, so that two fibers that make each other ready cannot keep the processor for ever.
    if (!worker.preemption_requested()) return next;
    push_behind(processor, *next);
  }
  processor.begin_slice();
  if (--processor.until_check == 0) [[unlikely]] {
    if (FiberBlock* fiber = look_further(processor)) return fiber;
    if (FiberBlock* fiber = processor.take_next()) return fiber;  // a timer that was due put it there
    if (FiberBlock* fiber = processor.queue.pop()) return fiber;  // who is not new comes at least now and then
    if (FiberBlock* fiber = processor.started.take_oldest()) return fiber;
  }
  if (FiberBlock* fiber = processor.started.pop_newest()) return fiber;
  if (FiberBlock* fiber = processor.queue.pop()) return fiber;
  return global_.size() != 0 ? take_global(processor) : nullptr;
}

}  // namespace heddle::sched
