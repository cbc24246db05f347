#include "base/fatal.hpp"
#include "sched/waiting.hpp"

#include <heddle/barrier.hpp>

#include <mutex>

namespace heddle::detail {

bool BarrierCore::arrive(std::ptrdiff_t count, bool drop, std::uint64_t& phase) noexcept {
  const std::lock_guard guard(waiters_.lock);
  base::check(count > 0 && count <= missing_, "heddle::Barrier: more have arrived than were expected");
  phase = phase_;
  missing_ -= count;
  if (drop) --expected_;
  return missing_ == 0;
}

void BarrierCore::end_phase() noexcept {
  waiters_.lock.lock();
  ++phase_;
  missing_ = expected_;
  sched::Waiter* chain = sched::take_all(waiters_);
  waiters_.lock.unlock();
  sched::wake_all(chain);
}

void BarrierCore::wait(std::uint64_t phase) {
  sched::Worker* worker = sched::current_worker();
  sched::Waiter waiter(worker);
  waiters_.lock.lock();
  if (phase_ != phase) {
    waiters_.lock.unlock();
    return;
  }
  sched::append(waiters_, waiter);
  sched::wait(worker, waiter, waiters_.lock);
}

}  // namespace heddle::detail
