// Requests to give way: who makes them, and the word that tells checkpoints of them.
//
// A request is Worker::poison. That a fiber meets it, or leaves, overwrites it with a plain store, on the fastest path that there is, so
// nobody tells when the last request is met. detail::preemption_pending, by which a checkpoint spares itself the search for its worker,
// may therefore stay raised for too long, which costs time only. It must not be zero for long while a worker is poisoned:
//
//   poison                     review_requests
//   P1  poison it              R1  word = 0
//   P2  fence                  R2  fence
//   P3  word = 1               R3  one is poisoned? then word = 1
//
// The two fences have an order. If P2 comes first, R3 sees what P1 has written, or what was written over it since, by which the request was
// met. If R2 comes first, P3 is behind R1 in the order of the word. Either way the word is raised at the end, and stays so until the next R1,
// to which the same applies. In between, after R1 and before R3, a checkpoint may pass that should not have: the next one does not.
//
// R3 finds every worker that can be asked. One that runs a fiber is that of a busy processor; or it is adrift, which is counted before the
// processor gets another worker, and looked at here after that. A worker that was poisoned and then went idle is passed over: that is
// overwritten when it next runs a fiber.
#include "sched/core_section.hpp"
#include "sched/scheduler.hpp"

#include <heddle/detail/preemption_request.hpp>

#include <mutex>

namespace heddle {

// On a line of its own, which all processors read and none writes.
alignas(64) constinit std::atomic<std::uint32_t> detail::preemption_pending{0};

namespace sched {

namespace {

// How many looks in vain are worth one of the monitor's: a millisecond or so.
constexpr std::uint32_t kVainLooks = 1 << 18;

}  // namespace

void Scheduler::poison(Worker& worker) noexcept {
  preemption_requests_.fetch_add(1, std::memory_order_relaxed);
  worker.poison.store(kPoison, std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_seq_cst);
  // Under `none` checkpoints meet nothing but the end. Who is asked just before that is asked again: Monitor::end_all.
  if (interfaces_.cooperative || stopping()) detail::preemption_pending.store(1, std::memory_order_relaxed);
}

void Scheduler::request_preemption(Worker& worker) noexcept {
  poison(worker);
  std::lock_guard lock(worker.request_lock);
  if (worker.interruptible) interfaces_.delivery->request(&worker);
}

void Scheduler::review_requests() noexcept {
  if (detail::preemption_pending.load(std::memory_order_relaxed) == 0) return;
  detail::preemption_pending.store(0, std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_seq_cst);
  bool any = false;
  for (const auto& processor : processors_) {
    const Worker* worker = processor->worker.load(std::memory_order_acquire);
    if (worker && !processor->idle.load(std::memory_order_relaxed)) any |= worker->preemption_requested();
  }
  if (adrift() != 0) {
    for_each_worker([&any](const Worker& worker) {
      any |= worker.taken.load(std::memory_order_relaxed) && worker.preemption_requested();
    });
  }
  if (any) detail::preemption_pending.store(1, std::memory_order_relaxed);
}

void Scheduler::note_vain_look(Worker& worker) noexcept {
  if (++worker.vain_looks % kVainLooks != 0) return;
  const CoreSection section(&worker);
  monitor_.wake();
}

void Scheduler::forget_requests() noexcept {
  detail::preemption_pending.store(0, std::memory_order_relaxed);
}

}  // namespace sched

}  // namespace heddle
