// WaitList: who waits for a Mutex, a Channel, …, in order. The part of the synchronisation types that must be seen by
// their size.
#pragma once

#include <atomic>

namespace heddle::sched {
struct Waiter;
}

namespace heddle::detail {

/// A lock for a few instructions of the core; never held over a switch or a call of user code that may block.
class SpinLock {
 public:
  constexpr SpinLock() noexcept = default;

  void lock() noexcept {
    if (held_.exchange(true, std::memory_order_acquire)) lock_slow();
  }
  void unlock() noexcept { held_.store(false, std::memory_order_release); }

 private:
  void lock_slow() noexcept;

  std::atomic<bool> held_{false};
};

/// First in, first out; also gives up a waiter from its middle. All members are guarded by `lock`.
struct WaitList {
  SpinLock lock;
  sched::Waiter* first = nullptr;
  sched::Waiter* last = nullptr;
};

}  // namespace heddle::detail
