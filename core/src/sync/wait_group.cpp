#include "base/fatal.hpp"
#include "sched/waiting.hpp"

#include <heddle/wait_group.hpp>

namespace heddle {

void WaitGroup::add(std::int64_t count) noexcept {
  // Down to zero only under the lock: a waiter that saw zero without it could destroy the group while this one still
  // wakes others.
  if (count > 0) {
    count_.fetch_add(count, std::memory_order_relaxed);
    return;
  }
  std::int64_t now = count_.load(std::memory_order_relaxed);
  while (now + count > 0) {
    if (count_.compare_exchange_weak(now, now + count, std::memory_order_acq_rel, std::memory_order_relaxed)) return;
  }
  waiters_.lock.lock();
  now = count_.fetch_add(count, std::memory_order_acq_rel) + count;
  base::check(now >= 0, "heddle::WaitGroup: done() was called more often than add()");
  sched::Waiter* chain = now == 0 ? sched::take_all(waiters_) : nullptr;
  waiters_.lock.unlock();
  sched::wake_all(chain);
}

void WaitGroup::wait() {
  sched::WaitEntry entry;
  sched::Waiter waiter(entry.worker(), "wait group", this);
  waiters_.lock.lock();
  if (count_.load(std::memory_order_acquire) == 0) {
    waiters_.lock.unlock();
    return;
  }
  sched::append(waiters_, waiter);
  sched::wait(entry, waiter, waiters_.lock);
}

}  // namespace heddle
