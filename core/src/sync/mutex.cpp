#include "base/fatal.hpp"
#include "sched/waiting.hpp"

#include <heddle/mutex.hpp>

#include <mutex>

namespace heddle {

bool Mutex::lock_slow(std::int64_t deadline) {
  sched::Worker* worker = sched::current_worker();
  sched::Waiter waiter(worker);
  for (;;) {
    waiters_.lock.lock();
    // Under the list's lock: an unlock that comes now sees kContended, and then waits for the list.
    if (state_.exchange(kContended, std::memory_order_acquire) == kFree) {
      if (!waiters_.first) state_.store(kLocked, std::memory_order_relaxed);
      waiters_.lock.unlock();
      return true;
    }
    // Not before the exchange: whoever was woken leaves the mutex contended, so that the next unlock wakes the others.
    if (deadline != detail::kNever && deadline <= nanotime()) {
      waiters_.lock.unlock();
      return false;
    }
    // One that was passed over goes to the front: the next unlock hands it the mutex.
    waiter.passed_over ? sched::prepend(waiters_, waiter) : sched::append(waiters_, waiter);
    waiter.done = false;
    waiter.claimed.store(false, std::memory_order_relaxed);
    if (!sched::wait_until(worker, waiter, waiters_, waiters_.lock, deadline)) return false;
    if (waiter.element) return true;  // the mutex was handed over
    waiter.passed_over = true;
    worker = sched::current_worker();  // a fiber may have moved
  }
}

void Mutex::unlock_slow() noexcept {
  waiters_.lock.lock();
  base::check(state_.load(std::memory_order_relaxed) != kFree, "heddle::Mutex::unlock: the mutex is not locked");
  sched::Waiter* next = sched::take_first(waiters_);
  if (!next) {
    state_.store(kFree, std::memory_order_release);
  } else if (next->passed_over) {
    next->element = this;
    state_.store(waiters_.first ? kContended : kLocked, std::memory_order_relaxed);
  } else {
    state_.store(kFree, std::memory_order_release);
  }
  waiters_.lock.unlock();
  if (next) sched::wake(*next);
}

}  // namespace heddle
