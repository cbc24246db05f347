// SharedMutex: one writer or many readers.
#pragma once

#include <heddle/api.hpp>
#include <heddle/detail/wait_list.hpp>

#include <atomic>
#include <cstdint>

namespace heddle {

/// As std::shared_mutex, for fibers and threads together. Works with std::unique_lock, std::shared_lock and
/// std::scoped_lock. A fiber that waits is parked, a thread is blocked. Not recursive: a reader that locks again may
/// wait behind a writer that waits for it. May be unlocked by another fiber than the one that locked.
///
/// Nobody starves: a reader that comes while a writer waits queues up; when a writer leaves, all readers that wait by
/// then go in, and when the last of them leaves, the writer that has waited longest.
class HEDDLE_API SharedMutex {
 public:
  constexpr SharedMutex() noexcept = default;
  ~SharedMutex() = default;
  SharedMutex(const SharedMutex&) = delete;
  SharedMutex& operator=(const SharedMutex&) = delete;

  void lock() {
    if (!try_lock()) lock_slow();
  }

  bool try_lock() noexcept {
    std::uint32_t free = 0;
    return state_.compare_exchange_strong(free, kWriter, std::memory_order_acquire, std::memory_order_relaxed);
  }

  /// Ends the process with a message when no writer holds it.
  void unlock() noexcept {
    std::uint32_t writer = kWriter;
    if (!state_.compare_exchange_strong(writer, 0, std::memory_order_release, std::memory_order_relaxed)) unlock_slow();
  }

  void lock_shared() {
    if (!try_lock_shared()) lock_shared_slow();
  }

  bool try_lock_shared() noexcept {
    std::uint32_t state = state_.load(std::memory_order_relaxed);
    while (!(state & (kWriter | kWaiting))) {
      if (state_.compare_exchange_weak(state, state + kReader, std::memory_order_acquire, std::memory_order_relaxed))
        return true;
    }
    return false;
  }

  /// Ends the process with a message when no reader holds it.
  void unlock_shared() noexcept {
    const std::uint32_t before = state_.fetch_sub(kReader, std::memory_order_acq_rel);
    if (before < 2 * kReader && before != kReader) unlock_shared_slow(before);
  }

 private:
  // The state: kWriter, or the number of readers times kReader; and kWaiting. As long as that is set only the holders
  // and whoever has the list's lock change the state.
  static constexpr std::uint32_t kWaiting = 1;  // the lists are not both empty
  static constexpr std::uint32_t kWriter = 2;
  static constexpr std::uint32_t kReader = 4;

  void lock_slow();
  void lock_shared_slow();
  void unlock_slow() noexcept;
  void unlock_shared_slow(std::uint32_t before) noexcept;

  std::atomic<std::uint32_t> state_{0};
  detail::WaitList writers_;  // its lock guards both lists
  detail::WaitList readers_;
};

}  // namespace heddle
