// The core's half of detail/stop.hpp.
#include "sched/scheduler.hpp"
#include "sched/waiting.hpp"

#include <heddle/detail/stop.hpp>
#include <heddle/this_fiber.hpp>

namespace heddle::detail {

StayOnThread::StayOnThread() noexcept {
  const sched::Worker* worker = sched::current_worker();
  if (!worker || !worker->fiber || worker->scheduler.config().preempter.resume == Resume::kSameThread) return;
  ++worker->current()->no_preempt;
  no_preempt_ = true;
}

StayOnThread::~StayOnThread() {
  if (!no_preempt_) return;
  --sched::current_fiber()->no_preempt;
  this_fiber::checkpoint();
}

void StopFlag::raise() noexcept {
  waiters.lock.lock();
  raised = true;
  sched::Waiter* chain = sched::take_all(waiters);
  waiters.lock.unlock();
  sched::wake_all(chain);
}

void StopFlag::wait() {
  sched::Worker* worker = sched::current_worker();
  sched::Waiter waiter(worker);
  waiters.lock.lock();
  if (raised) {
    waiters.lock.unlock();
    return;
  }
  sched::append(waiters, waiter);
  sched::wait(worker, waiter, waiters.lock);
}

void StopOfOne::raise() noexcept {
  list.lock.lock();
  raised = true;
  sched::Waiter* taken = waiter && waiter->listed && sched::take(list, *waiter) ? waiter : nullptr;
  list.lock.unlock();
  if (taken) sched::wake(*taken);
}

}  // namespace heddle::detail
