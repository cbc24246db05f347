// CoreSection: while a worker is in one, its processor cannot be taken away.
//
// A fiber may block its thread in the kernel where the runtime does not see it. The monitor then takes the processor from the worker
// (rescue.cpp), which goes on without one until it next enters the core. Both sides write, then look: the worker raises in_core and
// reads taken, the monitor raises taken and reads in_core. The order between a store and a load costs a locked instruction; here the
// worker pays nothing, because the monitor calls the port's fence in between, which has every thread execute a barrier.
//
// Where neither port nor system has such a fence, only foreign calls lose their processors, and pay for the order on their way out.
#pragma once

#include "sched/worker.hpp"

#include <atomic>

namespace heddle::sched {

/// REQUIRES: on the worker's own thread. True if the worker has a processor, which is its own until leave_core.
[[gnu::always_inline]] inline bool enter_core(Worker& worker) {
  worker.in_core.store(true, std::memory_order_relaxed);
  std::atomic_signal_fence(std::memory_order_seq_cst);  // the machine's part is the taker's fence
  return !worker.taken.load(std::memory_order_relaxed) || worker.was_left_its_processor();
}

/// The first half of enter_core for whoever comes out of foreign code: the worker may look at `taken` afterwards.
[[gnu::always_inline]] inline void raise_core_after_foreign(Worker& worker) {
  worker.in_core.store(true, std::memory_order_relaxed);
  worker.fenced ? std::atomic_signal_fence(std::memory_order_seq_cst) : std::atomic_thread_fence(std::memory_order_seq_cst);
}

/// As enter_core, out of foreign code.
[[gnu::always_inline]] inline bool enter_core_after_foreign(Worker& worker) {
  raise_core_after_foreign(worker);
  return !worker.taken.load(std::memory_order_relaxed) || worker.was_left_its_processor();
}

/// REQUIRES: the caller runs a fiber. The worker is in the core and has a processor then; false if it had to queue up for that.
[[gnu::always_inline]] inline bool enter_with_processor(Worker& worker) {
  if (enter_core(worker)) [[likely]]
    return true;
  worker.regain_processor();
  return false;
}

/// The worker is back in a fiber's code.
[[gnu::always_inline]] inline void leave_core(Worker& worker) {
  worker.in_core.store(false, std::memory_order_release);
}

/// For what may also be called inside the core: the worker's loop, a commit, a timer.
class CoreSection {
 public:
  /// `worker` may be null: an ordinary thread.
  explicit CoreSection(Worker* worker) : worker_(worker) {
    if (!worker) return;
    outer_ = worker->in_core.load(std::memory_order_relaxed);
    if (!enter_core(*worker) || !worker->processor) has_processor_ = false;
  }
  ~CoreSection() {
    if (worker_) worker_->in_core.store(outer_, std::memory_order_release);
  }
  CoreSection(const CoreSection&) = delete;
  CoreSection& operator=(const CoreSection&) = delete;

  /// The worker if it has a processor, which it keeps while the section lasts; else null.
  Worker* worker() const { return has_processor_ ? worker_ : nullptr; }

 private:
  Worker* const worker_;
  bool outer_ = true;
  bool has_processor_ = true;
};

}  // namespace heddle::sched
