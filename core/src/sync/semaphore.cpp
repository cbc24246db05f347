#include "base/fatal.hpp"
#include "sched/waiting.hpp"

#include <heddle/semaphore.hpp>

namespace heddle {

bool Semaphore::acquire_slow(std::int64_t deadline) {
  if (deadline != detail::kNever && deadline <= nanotime()) return false;
  sched::Worker* worker = sched::current_worker();
  sched::Waiter waiter(worker);
  waiters_.lock.lock();
  // Under the list's lock: a release that comes from here on sees kWaiting, and then waits for the list.
  std::ptrdiff_t state = state_.load(std::memory_order_relaxed);
  while (state != kWaiting) {
    const std::ptrdiff_t wanted = state >= kPermit ? state - kPermit : kWaiting;
    if (!state_.compare_exchange_weak(state, wanted, std::memory_order_acquire, std::memory_order_relaxed)) continue;
    if (wanted == kWaiting) break;
    waiters_.lock.unlock();
    return true;
  }
  sched::append(waiters_, waiter);
  return sched::wait_until(worker, waiter, waiters_, waiters_.lock, deadline);
}

void Semaphore::release(std::ptrdiff_t permits) noexcept {
  base::check(permits >= 0 && permits <= max(), "heddle::Semaphore::release: the number of permits is out of range");
  std::ptrdiff_t state = state_.load(std::memory_order_relaxed);
  while (state != kWaiting) {
    base::check(state / kPermit <= max() - permits, "heddle::Semaphore::release: there are more than max() permits");
    if (state_.compare_exchange_weak(state, state + permits * kPermit, std::memory_order_release, std::memory_order_relaxed))
      return;
  }
  release_slow(permits);
}

void Semaphore::release_slow(std::ptrdiff_t permits) noexcept {
  sched::Waiter* chain = nullptr;
  sched::Waiter** end = &chain;
  waiters_.lock.lock();
  for (; permits > 0; --permits) {
    sched::Waiter* waiter = sched::take_first(waiters_);
    if (!waiter) break;
    waiter->next = nullptr;
    *end = waiter;
    end = &waiter->next;
  }
  // All may have gone since, their time being up; the last one leaves the mark to us.
  if (!waiters_.first) {
    std::ptrdiff_t waiting = kWaiting;
    state_.compare_exchange_strong(waiting, 0, std::memory_order_relaxed);
  }
  waiters_.lock.unlock();
  // What is left goes in one last step. Only after that are the others woken, who may then destroy the semaphore.
  if (permits > 0) release(permits);
  sched::wake_all(chain);
}

}  // namespace heddle
