// BorrowedWorker: a thread that is none of the runtime's, and calls back into it.
//
// The thread gets one at its first callback and keeps it until it ends, so that the next costs no system call. Between callbacks it is an ordinary
// thread: the port's slot is empty, the signal mask is never touched, nor is an alternate stack of the program's. To the scheduler it is a worker whose fiber
// is in a foreign call: a processor that it still has can be taken at any time.
//
// Belongs to its thread; the scheduler may end first. So entering raises `inside` and then reads `closed`, and who ends the scheduler
// raises `closed` and then reads `inside`; the port's fence in between pays for the order (see core_section.hpp).
#pragma once

#include "sched/worker.hpp"

#include <heddle/port/context_switcher.h>
#include <heddle/port/fault_watch.h>

#include <atomic>
#include <memory>

namespace heddle::sched {

class BorrowedWorker : public Worker {
 public:
  using Worker::Worker;

  /// False when the scheduler has ended: nothing but destruction is left. On the thread.
  bool enter() noexcept {
    inside_.store(true, std::memory_order_relaxed);
    fenced ? std::atomic_signal_fence(std::memory_order_seq_cst) : std::atomic_thread_fence(std::memory_order_seq_cst);
    if (!closed_.load(std::memory_order_relaxed)) [[likely]]
      return true;
    leave();
    return false;
  }

  void leave() noexcept {
    inside_.store(false, std::memory_order_release);
    fenced ? std::atomic_signal_fence(std::memory_order_seq_cst) : std::atomic_thread_fence(std::memory_order_seq_cst);
    if (closed_.load(std::memory_order_relaxed)) [[unlikely]]
      tell_that_it_left();
  }

  /// A callback was given up: its fiber may be in a queue for ever, so there is no other with this worker.
  void close() noexcept { closed_.store(true, std::memory_order_relaxed); }

  /// The thread ends, or needs another one.
  static void unbind(std::unique_ptr<BorrowedWorker> worker);

  FiberBlock* callback_fiber = nullptr;  // lives while the scheduler does
  HeddleContext bottom{};                // of that fiber's stack

 private:
  friend class Scheduler;
  static void tell_that_it_left() noexcept;

  const HeddleFaultWatch* faults_ = nullptr;  // that knows the thread, and outlives the scheduler
  std::atomic<bool> inside_{true};
  std::atomic<bool> closed_{false};  // the scheduler ends: nobody is to enter
  bool forgotten_ = false;           // it has ended: the thread is the only owner. Guarded by the lock of unbind
};

}  // namespace heddle::sched
