// At most one thread of the process stands still because of the port, and none once the process exits.
//
// Two threads that suspend each other would both stand still for ever. And a process that exits ends its other threads
// first: were the exiting thread suspended by one of them, nobody would be left to resume it.
#pragma once

#include <windows.h>

#include <atomic>
#include <cstdint>

namespace heddle::port {

class SuspensionLock {
 public:
  // Tries for a short time. False: another suspension takes long, or the process exits.
  bool try_take() {
    for (int i = 0; i < kTries; ++i) {
      uint32_t seen = 0;
      if (state_.compare_exchange_strong(seen, kTaken)) {
        holder_ = GetCurrentThreadId();
        return true;
      }
      if ((seen & kExiting) != 0) return false;
      SwitchToThread();
    }
    return false;
  }

  void give_back() {
    holder_ = 0;
    state_.fetch_and(~kTaken);
  }

  // Waits for the suspension under way; no other comes after it. Any number of threads may call it, also the one that is
  // suspended, and the one that suspends, which ends the process when it crashes.
  void hold_for_good() {
    state_.fetch_or(kExiting);
    while ((state_.load() & kTaken) != 0 && holder_.load() != GetCurrentThreadId()) SwitchToThread();
  }

 private:
  static constexpr int kTries = 100;
  static constexpr uint32_t kTaken = 1, kExiting = 2;
  std::atomic<uint32_t> state_{0};
  std::atomic<DWORD> holder_{0};
};

extern SuspensionLock suspension_lock;

}  // namespace heddle::port
