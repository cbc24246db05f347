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

/// A SpinLock that a fiber takes without a locked instruction while only fibers of one processor want it: sched/local_lock.hpp.
class LocalLock {
 public:
  constexpr LocalLock() noexcept = default;

  /// For anybody.
  void lock() noexcept {
    held_.lock();
    if (!is_everybodys()) make_everybodys();
  }
  void unlock() noexcept { held_.unlock(); }

  bool is_everybodys() const noexcept { return everybodys_.load(std::memory_order_relaxed); }

 private:
  void make_everybodys() noexcept;

  SpinLock held_;
  std::atomic<bool> everybodys_{false};
};

/// First in, first out; also gives up a waiter from its middle. All members are guarded by `lock`.
struct WaitList {
  SpinLock lock;
  sched::Waiter* first = nullptr;
  sched::Waiter* last = nullptr;
};

}  // namespace heddle::detail
