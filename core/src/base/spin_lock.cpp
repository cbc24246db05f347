// The contended half of SpinLock: spin a little, then let whoever holds the lock have the processor.
#include <heddle/detail/wait_list.hpp>

#include <thread>

namespace heddle::detail {

void SpinLock::lock_slow() noexcept {
  static constexpr int kSpins = 128;
  do {
    for (int spin = 0; held_.load(std::memory_order_relaxed); ++spin) {
      if (spin >= kSpins) std::this_thread::yield();
    }
  } while (held_.exchange(true, std::memory_order_acquire));
}

}  // namespace heddle::detail
