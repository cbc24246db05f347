// The contended half of SpinLock: spin a little, then let whoever holds the lock have the processor.
//
// A yield lets in only threads of the caller's priority, where the operating system has priorities. The holder may have a lower one
// than the monitor, so in the end the waiter sleeps.
#include "base/forked_child.hpp"
#include "base/parker.hpp"

#include <heddle/detail/wait_list.hpp>

#include <chrono>
#include <thread>

namespace heddle::detail {

void SpinLock::lock_slow() noexcept {
  static constexpr int kSpins = 128, kYields = 128;
  static constexpr std::chrono::microseconds kNap{50};
  do {
    for (int spin = 0; held_.load(std::memory_order_relaxed); ++spin) {
      if (spin >= kSpins + kYields) {
        base::refuse_in_forked_child();  // the holder is a thread of the parent
        base::nap(kNap);
      } else if (spin >= kSpins) {
        std::this_thread::yield();
      }
    }
  } while (held_.exchange(true, std::memory_order_acquire));
}

}  // namespace heddle::detail
