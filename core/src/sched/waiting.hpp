// Waiting: how a fiber, or an ordinary thread, blocks until somebody takes it out of a WaitList.
#pragma once

#include "base/parker.hpp"
#include "sched/timer_queue.hpp"
#include "sched/worker.hpp"

#include <heddle/detail/wait_list.hpp>

#include <atomic>
#include <cstdint>

namespace heddle::sched {

/// One who waits; lives on his stack. Its links and `listed` are guarded by the list's lock.
struct Waiter {
  explicit Waiter(Worker* worker) : fiber(worker ? worker->current() : nullptr) {}

  Waiter* next = nullptr;
  Waiter* previous = nullptr;
  FiberBlock* const fiber;         // null: an ordinary thread
  base::Parker* parker = nullptr;  // where that thread sleeps; set before the list's lock is released
  void* element = nullptr;         // Channel: what is handed over
  bool done = false;               // set by who takes it out of the list, before he wakes it
  bool listed = false;
  bool timed = false;
  bool passed_over = false;          // Mutex: it was woken and found the lock taken again
  std::atomic<bool> claimed{false};  // by the one who wakes it; only asked when a timer could be another
  Waiter* whole = nullptr;           // of one who waits in several lists: whose `claimed` is asked for all of them
};

/// The right to wake a waiter whom others might wake too; false when one of them was first.
inline bool claim(Waiter& waiter) noexcept {
  return !(waiter.whole ? *waiter.whole : waiter).claimed.exchange(true, std::memory_order_acq_rel);
}

void append(detail::WaitList& list, Waiter& waiter);
void prepend(detail::WaitList& list, Waiter& waiter);
void unlist(detail::WaitList& list, Waiter& waiter);

/// Takes a certain one out; false when a timer has claimed it. REQUIRES: it is listed, and the list's lock is held.
bool take(detail::WaitList& list, Waiter& waiter);

/// Takes the first out that no timer has claimed; null when there is none. REQUIRES: the list's lock is held.
Waiter* take_first(detail::WaitList& list);

/// Takes out all that take_first would, as a chain in their order. REQUIRES: the list's lock is held.
Waiter* take_all(detail::WaitList& list);

/// Wakes one that take_first returned. The waiter is gone when it returns.
void wake(Waiter& waiter) noexcept;

/// As wake(), for one of several: those that are fibers run in the order of the calls.
void wake_in_turn(Waiter& waiter) noexcept;

/// Wakes a chain that take_all returned.
void wake_all(Waiter* chain) noexcept;

/// Blocks the caller, who has put `waiter` into a list, and releases `lock` once he can be woken.
void wait(Worker* worker, Waiter& waiter, detail::SpinLock& lock);

/// As wait(), but only until nanotime() reaches `deadline`; false when nobody woke him by then. Then he is out of
/// `list`.
bool wait_until(Worker* worker, Waiter& waiter, detail::WaitList& list, detail::SpinLock& lock, std::int64_t deadline);

/// Starts a timer on the worker's processor, as a commit does for a fiber that it parked.
void start_timer(Worker& worker, Timer& timer);

/// Starts a timer on the processor of the fiber that calls.
void start_timer(Timer& timer);

}  // namespace heddle::sched
