#include "sched/borrowed_worker.hpp"

#include "base/fatal.hpp"
#include "sched/census.hpp"
#include "sched/create_fiber.hpp"
#include "sched/scheduler.hpp"

#include <heddle/fiber.hpp>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

namespace heddle::sched {

namespace {

// Who ends the scheduler, and threads that end, are in each other's way.
std::mutex ending;
std::condition_variable& thread_left = *new std::condition_variable;  // never destroyed: as in visit.cpp

void never_entered(void*) {
  base::fatal("the fiber of a callback was entered");
}

}  // namespace

void BorrowedWorker::tell_that_it_left() noexcept {
  std::lock_guard guard(ending);
  thread_left.notify_all();
}

void BorrowedWorker::unbind(std::unique_ptr<BorrowedWorker> worker) {
  if (worker->faults_) worker->faults_->leave(worker.get());
  std::lock_guard guard(ending);
  if (worker->forgotten_) return;
  Scheduler& scheduler = worker->scheduler;
  scheduler.unbind_thread(std::move(worker));
}

std::unique_ptr<BorrowedWorker> Scheduler::bind_thread() {
  std::unique_ptr<BorrowedWorker> worker;
  {
    std::lock_guard lock(lock_);
    if (stopping()) return nullptr;
    if (!unbound_.empty()) {
      worker = std::move(unbound_.back());
      unbound_.pop_back();
    }
  }
  if (!worker) {
    worker = std::make_unique<BorrowedWorker>(*this, *interfaces_.context_switcher, fence());
    void* closure = nullptr;
    FiberBlock& fiber = create_fiber(*this, nullptr, {.name = "callback"}, 0, 1, never_entered, &closure);
    end_use(fiber);  // nobody sees it until a callback runs
    ended_elsewhere_.fetch_add(1, std::memory_order_relaxed);
    worker->callback_fiber = &fiber;
    worker->bottom = fiber.context;
    worker->borrowed = true;
  }
  worker->begin_anew();
  know_thread(*worker);
  if (watches_threads(interfaces_.fault_watch)) {
    worker->faults_ = interfaces_.fault_watch;
    worker->faults_->enter(worker.get());
  }
  interfaces_.tls_provider->clear();
  worker->enter_foreign();
  {
    // The monitor may still be about to take a processor from the thread that had this worker before: it then lowers `taken` again.
    std::lock_guard guard(worker->take_lock);
    worker->taken.store(true, std::memory_order_relaxed);
    worker->begin_adrift();
  }
  worker->in_core.store(false, std::memory_order_release);
  adrift_.fetch_add(1, std::memory_order_relaxed);
  std::lock_guard lock(lock_);
  if (stopping()) {
    if (worker->faults_) worker->faults_->leave(worker.get());
    unbound_.push_back(std::move(worker));
    return nullptr;
  }
  borrowed_.push_back(worker.get());
  return worker;
}

void Scheduler::unbind_thread(std::unique_ptr<BorrowedWorker> worker) {
  {
    std::lock_guard lock(lock_);
    std::erase(borrowed_, worker.get());
  }
  Processor* processor = nullptr;
  {
    std::lock_guard guard(worker->take_lock);
    if (!worker->taken.load(std::memory_order_relaxed)) processor = worker->processor;
    worker->processor = nullptr;
  }
  if (processor) {
    release(*processor);
  } else {
    adrift_.fetch_sub(1, std::memory_order_relaxed);
  }
  tools::forget_system(worker->tools);
  std::lock_guard lock(lock_);
  unbound_.push_back(std::move(worker));
}

void Scheduler::end_borrowed() {
  std::unique_lock guard(ending);
  {
    std::lock_guard lock(lock_);
    for (BorrowedWorker* worker : borrowed_) worker->closed_.store(true, std::memory_order_seq_cst);
  }
  fence();
  const auto all_left = [this] {
    std::lock_guard lock(lock_);
    return std::none_of(borrowed_.begin(), borrowed_.end(),
                        [](const BorrowedWorker* worker) { return worker->inside_.load(); });
  };
  // Without a fence of the port's a thread that leaves may see the flag too late to tell.
  constexpr std::chrono::milliseconds kLook{10};
  while (!thread_left.wait_for(guard, kLook, all_left)) {
  }
  std::lock_guard lock(lock_);
  for (BorrowedWorker* worker : borrowed_) worker->forgotten_ = true;
  borrowed_.clear();
}

}  // namespace heddle::sched
