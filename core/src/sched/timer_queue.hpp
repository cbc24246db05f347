// TimerQueue: what one processor has to do at which time.
//
// Boost's d-ary heap with handles, so that a timer can be taken out again. Whoever finds a timer due fires it, under
// the queue's lock: once cancel() has had that lock, no one touches the timer any more. So what a timer does must be
// short, and take no lock that someone holds while he adds or cancels a timer.
#pragma once

#include <heddle/clock.hpp>
#include <heddle/detail/wait_list.hpp>

#include <boost/heap/d_ary_heap.hpp>

#include <atomic>
#include <cstdint>

namespace heddle::sched {

class TimerQueue;
struct Timer;

struct Later {
  bool operator()(const Timer* a, const Timer* b) const noexcept;
};

using TimerHeap = boost::heap::d_ary_heap<Timer*, boost::heap::arity<4>, boost::heap::mutable_<true>, boost::heap::compare<Later>>;

struct Timer {
  std::int64_t when = 0;            // nanotime()
  void (*fire)(Timer&) = nullptr;   // the Timer may be gone when it returns
  TimerQueue* queue = nullptr;      // that it was added to
  bool queued = false;              // is it in there still? Guarded by the queue's lock
  TimerHeap::handle_type handle{};  // guarded by the queue's lock
};

inline bool Later::operator()(const Timer* a, const Timer* b) const noexcept {
  return a->when > b->when;
}

class TimerQueue {
 public:
  /// Adds a timer that is in no queue. True if it is now the earliest.
  bool add(Timer& timer);

  /// Takes a timer out that was added to some queue; false if it has fired. Any thread.
  static bool cancel(Timer& timer) noexcept;

  /// Fires what is due; how many.
  std::uint32_t run_due(std::int64_t now);

  /// When the earliest is due; detail::kNever when there is none. Any thread.
  std::int64_t earliest() const { return earliest_.load(std::memory_order_acquire); }

 private:
  void note_earliest();

  detail::SpinLock lock_;
  TimerHeap heap_;                                      // guarded by lock_
  std::atomic<std::int64_t> earliest_{detail::kNever};  // written under lock_
};

}  // namespace heddle::sched
