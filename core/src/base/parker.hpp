// Parker: one OS thread sleeps until another hands it a token.
//
// A mutex and a condition variable, rather than std::atomic::wait or a semaphore: it needs a deadline, and the waiter
// may destroy the Parker as soon as it has the token, which those two do not allow. Where it does not, unpark_lasting spares the thread
// that wakes from running into the mutex.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <limits>
#include <mutex>
#include <utility>

namespace heddle::base {

class Parker {
 public:
  /// Takes the token; sleeps until there is one.
  void park() {
    std::unique_lock lock(mutex_);
    condition_.wait(lock, [this] { return token_; });
    token_ = false;
  }

  /// As park(), but gives up after `nanoseconds`; true if it took the token.
  bool park_for(std::int64_t nanoseconds) {
    std::unique_lock lock(mutex_);
    bool taken = condition_.wait_for(lock, std::chrono::nanoseconds(nanoseconds), [this] { return token_; });
    token_ = false;
    return taken;
  }

  /// Leaves the token; a second one before it is taken changes nothing.
  void unpark() {
    std::lock_guard lock(mutex_);
    token_ = true;
    condition_.notify_one();  // under the lock: the waiter may be gone as soon as it is released
  }

  /// The same for a Parker that outlives this call.
  void unpark_lasting() {
    {
      std::lock_guard lock(mutex_);
      if (std::exchange(token_, true)) return;
    }
    condition_.notify_one();
  }

 private:
  std::mutex mutex_;
  std::condition_variable condition_;
  bool token_ = false;  // guarded by mutex_
};

/// The thread sleeps for that long, whatever signals it handles meanwhile. A nanosleep() that is interrupted goes on for what is left *and* the
/// timer's slack (prctl(2), PR_SET_TIMERSLACK: 50 us), so that std::this_thread::sleep_for has no end while signals come faster than that.
inline void nap(std::chrono::nanoseconds duration) {
  Parker().park_for(duration.count());
}

}  // namespace heddle::base
