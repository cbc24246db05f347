// Waiting: how a fiber, or an ordinary thread, blocks until somebody takes it out of a WaitList.
#pragma once

#include "base/parker.hpp"
#include "sched/core_section.hpp"
#include "sched/local_lock.hpp"
#include "sched/timer_queue.hpp"
#include "sched/worker.hpp"

#include <heddle/detail/wait_list.hpp>

#include <atomic>
#include <cstdint>

namespace heddle::sched {

/// The caller is about to look at a list and, perhaps, to wait in it. A fiber whose processor was taken away gets one first: it must not
/// wait for that with the list's lock held, which whoever has a processor may spin for.
class WaitEntry {
 public:
  WaitEntry() { enter(); }
  ~WaitEntry() {
    if (worker_) leave_core(*worker_);
  }
  WaitEntry(const WaitEntry&) = delete;
  WaitEntry& operator=(const WaitEntry&) = delete;

  /// The caller's if it is a fiber; it has a processor, which it keeps until the entry ends or wait() returns. Else null.
  Worker* worker() const { return worker_; }

  /// Once more, after a wait.
  void enter() {
    Worker* worker = current_worker();
    if (!worker || !worker->fiber) return;
    enter_with_processor(*worker);
    worker_ = worker;
  }

  /// What waited has left the core, perhaps on another worker.
  void left() { worker_ = nullptr; }

 private:
  Worker* worker_ = nullptr;
};

/// One who waits; lives on his stack. Its links and `listed` are guarded by the list's lock.
struct Waiter {
  /// It waits for `what` (see wait_note.hpp), and which one of these `object` says.
  explicit Waiter(Worker* worker, const char* what = "an event", const void* object = nullptr)
      : fiber(worker ? worker->current() : nullptr), waits_for(what), waits_on(object) {}

  Waiter* next = nullptr;
  Waiter* previous = nullptr;
  FiberBlock* const fiber;  // null: an ordinary thread
  const char* const waits_for;
  const void* const waits_on;
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

/// The same for a caller who knows his worker: it is in the core and has a processor, or is null.
void wake(Worker* worker, Waiter& waiter) noexcept;

/// As wake(), for one of several: those that are fibers run in the order of the calls.
void wake_in_turn(Waiter& waiter) noexcept;

/// Wakes a chain that take_all returned.
void wake_all(Waiter* chain) noexcept;

/// Blocks the caller, who has put `waiter` into a list, and releases `lock` once he can be woken.
void wait(WaitEntry& entry, Waiter& waiter, detail::SpinLock& lock);
void wait(WaitEntry& entry, Waiter& waiter, LocalGuard& lock);

/// As wait(), but only until nanotime() reaches `deadline`; false when nobody woke him by then. Then he is out of
/// `list`.
bool wait_until(WaitEntry& entry, Waiter& waiter, detail::WaitList& list, detail::SpinLock& lock, std::int64_t deadline);

/// Starts a timer on the worker's processor, as a commit does for a fiber that it parked.
void start_timer(Worker& worker, Timer& timer);

/// Starts a timer on the processor of the fiber that calls.
void start_timer(Timer& timer);

}  // namespace heddle::sched
