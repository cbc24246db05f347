#include "sched/timer_queue.hpp"

#include <mutex>
#include <utility>

namespace heddle::sched {

bool TimerQueue::add(Timer& timer) {
  std::lock_guard guard(lock_);
  timer.handle = heap_.push(&timer);
  timer.queue = this;
  timer.queued = true;
  note_earliest();
  return heap_.top() == &timer;
}

bool TimerQueue::cancel(Timer& timer) noexcept {
  std::lock_guard guard(timer.queue->lock_);
  if (!std::exchange(timer.queued, false)) return false;
  timer.queue->heap_.erase(timer.handle);
  timer.queue->note_earliest();
  return true;
}

std::uint32_t TimerQueue::run_due(std::int64_t now) {
  if (earliest() > now) return 0;
  std::uint32_t fired = 0;
  std::lock_guard guard(lock_);
  while (!heap_.empty() && heap_.top()->when <= now) {
    Timer& timer = *heap_.top();
    heap_.pop();
    timer.queued = false;
    timer.fire(timer);
    ++fired;
  }
  note_earliest();
  return fired;
}

void TimerQueue::note_earliest() {
  earliest_.store(heap_.empty() ? detail::kNever : heap_.top()->when, std::memory_order_release);
}

}  // namespace heddle::sched
