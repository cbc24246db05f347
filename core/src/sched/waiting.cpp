#include "sched/waiting.hpp"

#include "sched/scheduler.hpp"
#include "sched/switch.hpp"
#include "sched/switch_inline.hpp"

#include <algorithm>
#include <mutex>

namespace heddle::sched {

namespace {

bool release_lock(Worker&, FiberBlock&, void* lock) {
  static_cast<detail::SpinLock*>(lock)->unlock();
  return true;
}

/// How a waiter that is a fiber is made ready is what the two kinds of waking differ in.
void wake_by(void (*make_ready)(FiberBlock&) noexcept, Waiter& waiter) noexcept {
  if (waiter.fiber) {
    make_ready(*waiter.fiber);
  } else {
    waiter.parker->unpark();
  }
}

/// Claims a waiter whose time is up, if nobody woke it first.
struct Timeout : Timer {
  Waiter* waiter = nullptr;

  static void expire(Timer& timer) {
    Waiter& waiter = *static_cast<Timeout&>(timer).waiter;
    if (claim(waiter)) wake_in_turn(waiter);
  }
};

struct TimedWait {
  Timeout& timeout;
  detail::SpinLock& lock;
};

bool start_timeout(Worker& worker, FiberBlock&, void* argument) {
  auto& [timeout, lock] = *static_cast<TimedWait*>(argument);
  detail::SpinLock& list_lock = lock;  // the rest may be gone once the timer can fire, but not the list
  start_timer(worker, timeout);
  list_lock.unlock();
  return true;
}

/// True if the thread was woken in time.
bool block_thread(Waiter& waiter, detail::SpinLock& lock, std::int64_t deadline) {
  base::Parker parker;
  waiter.parker = &parker;
  lock.unlock();
  if (deadline == detail::kNever) {
    parker.park();
    return true;
  }
  if (parker.park_for(std::max<std::int64_t>(deadline - nanotime(), 0))) return true;
  if (claim(waiter)) return false;
  parker.park();  // somebody is about to wake us: the parker must last until he has
  return true;
}

}  // namespace

void append(detail::WaitList& list, Waiter& waiter) {
  waiter.previous = list.last;
  waiter.next = nullptr;
  (list.last ? list.last->next : list.first) = &waiter;
  list.last = &waiter;
  waiter.listed = true;
}

void prepend(detail::WaitList& list, Waiter& waiter) {
  waiter.next = list.first;
  waiter.previous = nullptr;
  (list.first ? list.first->previous : list.last) = &waiter;
  list.first = &waiter;
  waiter.listed = true;
}

void unlist(detail::WaitList& list, Waiter& waiter) {
  (waiter.previous ? waiter.previous->next : list.first) = waiter.next;
  (waiter.next ? waiter.next->previous : list.last) = waiter.previous;
  waiter.listed = false;
}

bool take(detail::WaitList& list, Waiter& waiter) {
  unlist(list, waiter);
  if (waiter.timed && !claim(waiter)) return false;
  waiter.done = true;
  return true;
}

Waiter* take_first(detail::WaitList& list) {
  while (Waiter* waiter = list.first) {
    if (take(list, *waiter)) return waiter;
  }
  return nullptr;
}

Waiter* take_all(detail::WaitList& list) {
  Waiter* chain = nullptr;
  Waiter** end = &chain;
  while (Waiter* waiter = take_first(list)) {
    waiter->next = nullptr;
    *end = waiter;
    end = &waiter->next;
  }
  return chain;
}

void wake_all(Waiter* chain) noexcept {
  while (chain) {
    Waiter& waiter = *chain;
    chain = waiter.next;  // before it is woken: it is gone then
    wake_in_turn(waiter);
  }
}

void wake_in_turn(Waiter& waiter) noexcept {
  wake_by(ready_in_turn, waiter);
}

void wake(Waiter& waiter) noexcept {
  wake_by(ready, waiter);
}

void wait(Worker* worker, Waiter& waiter, detail::SpinLock& lock) {
  if (waiter.fiber) {
    park(*worker, release_lock, &lock);
  } else {
    block_thread(waiter, lock, detail::kNever);
  }
}

bool wait_until(Worker* worker, Waiter& waiter, detail::WaitList& list, detail::SpinLock& lock, std::int64_t deadline) {
  if (deadline == detail::kNever) {
    wait(worker, waiter, lock);
    return true;
  }
  waiter.timed = true;
  if (waiter.fiber) {
    Timeout timeout;
    timeout.when = deadline;
    timeout.fire = Timeout::expire;
    timeout.waiter = &waiter;
    TimedWait timed_wait{timeout, lock};
    park(*worker, start_timeout, &timed_wait);
    TimerQueue::cancel(timeout);
  } else {
    block_thread(waiter, lock, deadline);
  }
  if (waiter.done) return true;
  std::lock_guard guard(lock);
  if (waiter.listed) unlist(list, waiter);
  return false;
}

void start_timer(Worker& worker, Timer& timer) {
  const std::int64_t when = timer.when;
  const bool earliest = worker.processor->timers.add(timer);
  // On the system stack the worker is about to look for work, and sees to its timers itself.
  if (earliest && worker.fiber) worker.scheduler.monitor().expect(worker, when);
}

void start_timer(Timer& timer) {
  Worker& worker = *current_worker();
  enter_with_processor(worker);
  start_timer(worker, timer);
  leave_core(worker);
}

}  // namespace heddle::sched
