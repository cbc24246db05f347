// How a worker loses its processor while its fiber blocks the thread, and how it gets one again.
//
// The fiber stays on its thread throughout: it is in the middle of code that knows nothing of fibers, and may hold a std::mutex or the
// address of a thread_local. So a fiber without a processor does not change its worker; it waits, on its own stack, until whoever comes to
// it in the queue hands a processor over, as he does to any fiber that is pinned to a worker.
#include "base/fatal.hpp"
#include "sched/core_section.hpp"
#include "sched/foreign_frame.hpp"
#include "sched/scheduler.hpp"
#include "sched/switch.hpp"
#include "sched/switch_inline.hpp"

#include <mutex>
#include <utility>

namespace heddle::sched {

namespace {

/// Behind those that were woken; whoever has a processor may take it.
bool queue_up(Worker& worker, FiberBlock& parked, void*) {
  std::atomic_thread_fence(std::memory_order_release);  // who sees that the worker has left it sees where it is parked
  put_on_system(worker);
  worker.scheduler.push_woken(parked);
  worker.scheduler.end_adrift(worker);  // behind that: there is always somebody to be seen who will go on
  return true;
}

}  // namespace

bool Worker::was_left_its_processor() noexcept {
  std::lock_guard decided(take_lock);
  return !taken.load(std::memory_order_relaxed);
}

void Worker::regain_processor() {
  if (current()->ties & kInForeign) base::fatal(kInForeignCall);
  if (!scheduler.regain(*this)) leave_for_good(*this);
}

bool Scheduler::fence() const noexcept {
  return interfaces_.thread_watch && interfaces_.thread_watch->fence() == HEDDLE_OK;
}

bool Scheduler::take_away(Processor& processor, Worker& worker) {
  std::lock_guard guard(worker.take_lock);
  if (worker.taken.load(std::memory_order_relaxed)) return false;
  worker.taken.store(true, std::memory_order_relaxed);
  const bool fenced = fence();
  if (!fenced) std::atomic_thread_fence(std::memory_order_seq_cst);
  const bool out = !worker.in_core.load(std::memory_order_acquire) && (fenced || (!worker.fenced && worker.in_foreign()));
  // Who has the world stopped could not get it back: nobody else lets go of one until the world goes on.
  if (!out || worker.processor != &processor || stops_.is_of(worker.glimpse())) {
    worker.taken.store(false, std::memory_order_relaxed);
    return false;
  }
  worker.processor = nullptr;
  worker.begin_adrift();
  adrift_.fetch_add(1, std::memory_order_relaxed);
  return true;
}

bool Scheduler::rescue(Processor& processor, Worker& worker) {
  const bool is_foreign = worker.borrowed || worker.in_foreign();
  if ((!interfaces_.cooperative && !is_foreign) || stopping()) return false;
  Worker* other = find_worker(starts_threads());
  if (!other) return false;
  if (!take_away(processor, worker)) {
    put_spare(*other);
    return false;
  }
  rescues_.fetch_add(1, std::memory_order_relaxed);
  // Who gets it has a slice of his own, from now on: he may take long to wake, and is not to be asked to stop as soon as he begins.
  processor.begin_slice();
  give(processor, *other);
  return true;
}

bool Scheduler::regain(Worker& worker) {
  FiberBlock& fiber = *worker.current();
  if (Processor* processor = stops_.includes(fiber) ? nullptr : adopt_idle(worker)) {
    worker.processor = processor;
    take_up(worker);
  } else {
    Worker* const pinned = std::exchange(fiber.pinned, &worker);
    global_.push(&fiber);
    find_processor(nullptr);
    if (!wait_for_processor(worker)) return false;  // it may still be in the queue, and nobody else is to run it
    fiber.pinned = pinned;
  }
  worker.poison.store(0, std::memory_order_relaxed);
  end_adrift(worker);
  return true;
}

Worker& Scheduler::rejoin(Worker& worker) {
  FiberBlock& fiber = *worker.current();
  if (fiber.ties != 0) {
    worker.regain_processor();
    return worker;
  }
  if (Processor* processor = stops_.includes(fiber) ? nullptr : adopt_idle(worker)) {
    worker.processor = processor;
    take_up(worker);
    worker.poison.store(0, std::memory_order_relaxed);
    end_adrift(worker);
    return worker;
  }
  return leave_without_processor(worker, queue_up);
}

void Scheduler::end_adrift(Worker& worker) {
  adrift_.fetch_sub(1, std::memory_order_relaxed);
  worker.taken.store(false, std::memory_order_relaxed);
}

void Scheduler::retrieve(Processor& processor, Worker& worker) {
  if (take_away(processor, worker)) release(processor);
}

void Scheduler::note_lost(Worker& worker) {
  std::lock_guard guard(worker.take_lock);
  worker.processor = nullptr;
  if (worker.taken.exchange(true, std::memory_order_relaxed)) return;
  worker.begin_adrift();
  adrift_.fetch_add(1, std::memory_order_relaxed);
}

bool Scheduler::leave_processor(Worker& worker) {
  if (stops_.is_of(worker.current())) return false;  // nobody would give it back: see take_away
  Processor& processor = *worker.processor;
  Worker* other = nullptr;
  if (has_other_work(worker) || processor.timers.earliest() != detail::kNever) {
    other = find_worker(starts_threads());
    if (!other) return false;
  }
  note_lost(worker);
  other ? give(processor, *other) : release(processor);
  return true;
}

Processor* Scheduler::adopt_idle(Worker& worker) {
  std::lock_guard lock(lock_);
  Processor* processor = idle_;
  if (!processor || stops_.asked()) return nullptr;  // who stops the world takes the lock once he has asked
  idle_ = processor->idle_link;
  // Who slept with it sleeps on, as a spare worker: see go_idle.
  if (Worker* sleeper = processor->worker.exchange(&worker, std::memory_order_acq_rel)) {
    sleeper->bereft.store(true, std::memory_order_release);
    sleeper->spare_link = spare_;
    spare_ = sleeper;
  }
  processor->idle.store(false, std::memory_order_seq_cst);
  idle_count_.fetch_sub(1, std::memory_order_seq_cst);
  return processor;
}

}  // namespace heddle::sched
