#include "sched/waiting.hpp"

#include <heddle/condition_variable.hpp>

#include <mutex>

namespace heddle {

void ConditionVariable::wait(std::unique_lock<Mutex>& lock) {
  wait_until_ns(lock, detail::kNever);
}

std::cv_status ConditionVariable::wait_until_ns(std::unique_lock<Mutex>& lock, std::int64_t deadline, detail::StopOfOne* stop) {
  sched::Worker* worker = sched::current_worker();
  sched::Waiter waiter(worker);
  waiters_.lock.lock();
  if (stop) {
    if (stop->raised) {
      waiters_.lock.unlock();
      return std::cv_status::no_timeout;
    }
    stop->waiter = &waiter;
  }
  sched::append(waiters_, waiter);
  lock.unlock();  // whoever notifies from here on waits for the list's lock until this waiter sleeps
  const bool woken = sched::wait_until(worker, waiter, waiters_, waiters_.lock, deadline);
  if (stop) {
    const std::lock_guard guard(waiters_.lock);
    stop->waiter = nullptr;
  }
  lock.lock();
  return woken ? std::cv_status::no_timeout : std::cv_status::timeout;
}

void ConditionVariable::notify_one() noexcept {
  waiters_.lock.lock();
  sched::Waiter* waiter = sched::take_first(waiters_);
  waiters_.lock.unlock();
  if (waiter) sched::wake(*waiter);
}

void ConditionVariable::notify_all() noexcept {
  // All are taken at once: a waiter that comes back meanwhile waits for the next notification.
  waiters_.lock.lock();
  sched::Waiter* chain = sched::take_all(waiters_);
  waiters_.lock.unlock();
  sched::wake_all(chain);
}

}  // namespace heddle
