#include "base/fatal.hpp"
#include "sched/waiting.hpp"

#include <heddle/latch.hpp>

namespace heddle {

void Latch::count_down(std::ptrdiff_t by) noexcept {
  // Down to zero only under the lock, for the same reason as in WaitGroup::add.
  base::check(by >= 0, "heddle::Latch::count_down: the number is negative");
  std::ptrdiff_t now = count_.load(std::memory_order_relaxed);
  while (now > by) {
    if (count_.compare_exchange_weak(now, now - by, std::memory_order_acq_rel, std::memory_order_relaxed)) return;
  }
  waiters_.lock.lock();
  now = count_.fetch_sub(by, std::memory_order_acq_rel) - by;
  base::check(now >= 0, "heddle::Latch::count_down: the count would become negative");
  sched::Waiter* chain = now == 0 ? sched::take_all(waiters_) : nullptr;
  waiters_.lock.unlock();
  sched::wake_all(chain);
}

void Latch::wait() const {
  sched::Worker* worker = sched::current_worker();
  sched::Waiter waiter(worker);
  waiters_.lock.lock();
  if (try_wait()) {
    waiters_.lock.unlock();
    return;
  }
  sched::append(waiters_, waiter);
  sched::wait(worker, waiter, waiters_.lock);
}

}  // namespace heddle
