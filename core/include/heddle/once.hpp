// Once: a function that runs once, whoever needs it first.
#pragma once

#include <heddle/mutex.hpp>

#include <atomic>
#include <functional>
#include <mutex>
#include <utility>

namespace heddle {

/// As std::once_flag and std::call_once, for fibers and threads together.
class Once {
 public:
  constexpr Once() noexcept = default;
  Once(const Once&) = delete;
  Once& operator=(const Once&) = delete;

  /// Calls std::invoke(function, arguments…), unless a call has succeeded before; returns when one has. When the
  /// function throws, the exception goes to this caller and the next one tries again. A function that calls the same
  /// Once waits for itself.
  template <class F, class... Args>
  void call(F&& function, Args&&... arguments) {
    if (done_.load(std::memory_order_acquire)) return;
    const std::lock_guard lock(running_);
    if (done_.load(std::memory_order_relaxed)) return;
    std::invoke(std::forward<F>(function), std::forward<Args>(arguments)...);
    done_.store(true, std::memory_order_release);
  }

 private:
  std::atomic<bool> done_{false};
  Mutex running_;
};

}  // namespace heddle
