// How processors change hands: waking an idle one, leaving one to another worker, giving one back.
#include "base/log.hpp"
#include "sched/pick.hpp"
#include "sched/scheduler.hpp"

#include <string>
#include <system_error>
#include <utility>

namespace heddle::sched {

void Scheduler::wake_one() {
  std::uint32_t nobody = 0;
  if (!searching_.compare_exchange_strong(nobody, 1, std::memory_order_seq_cst)) return;
  Processor* processor = take_any_idle();
  if (!processor) {
    searching_.fetch_sub(1, std::memory_order_seq_cst);
    return;
  }
  Worker* worker = processor->worker.load(std::memory_order_acquire);
  if (worker) {
    worker->parker.unpark_lasting();
    return;
  }
  // Its first use: nobody sleeps with it yet.
  worker = take_spare();
  if (!worker) worker = add_worker();
  if (!worker) {
    put_idle(*processor);
    searching_.fetch_sub(1, std::memory_order_seq_cst);
    return;
  }
  worker->searching = true;
  give(*processor, *worker);
}

bool Scheduler::let_go(Worker& worker, FiberBlock& kept) {
  FiberBlock* next = pick_next(worker);
  while (next && next->pinned && stops_.set_aside(*next)) next = pick_next(worker);
  // A fiber that is to stand still leaves its processor even to a worker that has nothing to run.
  if (!next && (stopping() || !stops_.includes(kept))) return !stopping();
  Processor& processor = *worker.processor;
  Worker* other = next ? next->pinned : nullptr;
  if (!other) {
    other = take_spare();
    if (!other) other = add_worker();
    if (!other) {  // nobody to leave the processor to: go on
      if (next) push_ready(worker, *next);
      return true;
    }
    other->picked = next;
  }
  Worker* const pinned = std::exchange(kept.pinned, &worker);
  push_preempted(worker, kept);
  worker.processor = nullptr;
  give(processor, *other);
  if (!wait_for_processor(worker)) return false;
  kept.pinned = pinned;
  return true;
}

void Scheduler::hand_back(Worker& worker, FiberBlock& fiber) {
  Processor& processor = *worker.processor;
  worker.processor = nullptr;
  put_spare(worker);  // before the hand-over: whoever needs a worker meanwhile is not to make a new one
  give(processor, *fiber.pinned);
}

bool Scheduler::wait_for_processor(Worker& worker) {
  for (;; worker.parker.park()) {
    if (Processor* processor = worker.handed.exchange(nullptr, std::memory_order_acquire)) {
      worker.processor = processor;
      take_up(worker);
      return true;
    }
    if (stopping()) return false;
  }
}

void Scheduler::give(Processor& processor, Worker& worker) {
  processor.worker.store(&worker, std::memory_order_release);
  worker.handed.store(&processor, std::memory_order_release);
  worker.parker.unpark_lasting();
}

void Scheduler::take_up(Worker& worker) {
  const Processor& processor = *worker.processor;
  monitor_.notice_busy();
  monitor_.expect(worker, processor.timers.earliest());
  if (processor.has_ready() || global_.size() != 0) monitor_.notice_waiter(&worker);
}

void Scheduler::put_spare(Worker& worker) {
  std::lock_guard lock(lock_);
  worker.spare_link = spare_;
  spare_ = &worker;
}

Worker* Scheduler::take_spare() {
  std::lock_guard lock(lock_);
  Worker* worker = spare_;
  if (worker) spare_ = worker->spare_link;
  return worker;
}

Worker* Scheduler::add_worker() {
  std::lock_guard lock(lock_);
  if (stopping() || workers_.size() >= config_.scheduler.max_workers) return nullptr;
  workers_.push_back(std::make_unique<Worker>(*this, *interfaces_.context_switcher));
  Worker& worker = *workers_.back();
  try {
    worker.thread = std::thread([this, &worker] { thread_main(worker); });
  } catch (const std::system_error& error) {
    workers_.pop_back();
    base::log(base::LogLevel::kWarning, "no thread for another worker (" + std::string(error.what()) +
                                            "); going on with " + std::to_string(workers_.size()) +
                                            ". Raise the limit on threads, or lower scheduler.processors");
    return nullptr;
  }
  return &worker;
}

bool Scheduler::take_from_idle(Processor& processor, const Worker& sleeper) {
  std::lock_guard lock(lock_);
  if (sleeper.bereft.load(std::memory_order_relaxed) || !processor.idle.load(std::memory_order_relaxed)) return false;
  Processor** link = &idle_;
  while (*link != &processor) link = &(*link)->idle_link;
  *link = processor.idle_link;
  processor.idle.store(false, std::memory_order_seq_cst);
  idle_count_.fetch_sub(1, std::memory_order_seq_cst);
  return true;
}

Processor* Scheduler::take_any_idle() {
  std::lock_guard lock(lock_);
  Processor* processor = idle_;
  if (!processor) return nullptr;
  idle_ = processor->idle_link;
  // Before it sees that it is not idle any more: from then on the flag is its own.
  if (Worker* sleeper = processor->worker.load(std::memory_order_relaxed)) sleeper->searching = true;
  processor->idle.store(false, std::memory_order_seq_cst);
  idle_count_.fetch_sub(1, std::memory_order_seq_cst);
  return processor;
}

void Scheduler::put_idle(Processor& processor) {
  std::lock_guard lock(lock_);
  processor.idle_link = idle_;
  idle_ = &processor;
  processor.idle.store(true, std::memory_order_seq_cst);
  idle_count_.fetch_add(1, std::memory_order_seq_cst);
}

}  // namespace heddle::sched
