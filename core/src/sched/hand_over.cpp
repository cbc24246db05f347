// How processors change hands: waking an idle one, leaving one to another worker, giving one back.
#include "base/fatal.hpp"
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
  worker = find_worker(starts_threads());
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
    other = find_worker(true);
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

bool Scheduler::starts_threads() const {
  const Worker* worker = current_worker();
  if (!worker) return monitor_.is_this_thread();
  const FiberBlock* fiber = worker->current();
  return !worker->borrowed && (!fiber || fiber->ties == 0);
}

Worker* Scheduler::find_worker(bool start_here) {
  Worker* worker = take_spare();
  return worker ? worker : add_worker(start_here);
}

Worker* Scheduler::add_worker(bool start_here) {
  Worker* worker;
  {
    std::lock_guard lock(lock_);
    if (stopping() || workers_.size() - retired_ >= config_.scheduler.max_workers) return nullptr;
    worker = take_retired();
    if (!worker)
      worker = workers_.emplace_back(std::make_unique<Worker>(*this, *interfaces_.context_switcher, fence())).get();
  }
  if (!start_here) {
    monitor_.start_thread_of(*worker);
    return worker;
  }
  return start_thread(*worker) ? worker : nullptr;
}

bool Scheduler::start_thread(Worker& worker) {
  std::lock_guard starts(starting_);
  if (stopping()) return false;
  if (worker.thread.joinable()) {  // a retired one's, which is about to end, if it has not
    worker.thread.join();
    worker.begin_anew();
  }
  try {
    worker.thread = std::thread([this, &worker] { thread_main(worker); });
    return true;
  } catch (const std::system_error& error) {
    std::lock_guard lock(lock_);
    worker.retired = true;
    ++retired_;
    base::log(base::LogLevel::kWarning, "no thread for another worker (" + std::string(error.what()) +
                                            "); going on with " + std::to_string(workers_.size() - retired_) +
                                            ". Raise the limit on threads, or lower scheduler.processors");
    return false;
  }
}

void Scheduler::start_thread_for_others(Worker& worker) {
  if (start_thread(worker)) return;
  if (Processor* processor = worker.handed.exchange(nullptr, std::memory_order_acquire)) release(*processor);
}

Worker* Scheduler::take_retired() {
  if (retired_ == 0) return nullptr;
  for (const auto& worker : workers_) {
    if (!worker->retired) continue;
    worker->retired = false;
    worker->bound.store(false, std::memory_order_relaxed);  // to a thread that nobody is to ask about any more
    --retired_;
    return worker.get();
  }
  return nullptr;
}

void Scheduler::retire(Worker& worker) {
  Processor& processor = *worker.processor;
  worker.processor = nullptr;
  leave_to_another(processor);
  if (worker.comes_back) {
    while (!stopping()) worker.parker.park();
    return;
  }
  std::lock_guard lock(lock_);
  worker.retired = true;
  ++retired_;
}

void Scheduler::leave_to_another(Processor& processor) {
  if (Worker* other = find_worker(false)) return give(processor, *other);
  if (!stopping())
    base::fatal(
        "scheduler.max_workers threads are all tied to fibers or in foreign code, and none is left to run the others; "
        "raise it");
}

void Scheduler::release(Processor& processor) {
  const bool has_work = processor.has_ready() || processor.timers.earliest() != detail::kNever || global_.size() != 0;
  if (has_work) return leave_to_another(processor);
  processor.worker.store(nullptr, std::memory_order_release);
  put_idle(processor);
  // Who has made a fiber ready before he could see that it is idle has woken no one.
  if (anything_ready()) wake_one();
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
