// LocalGuard: holds a detail::LocalLock, without a locked instruction where that is possible.
//
// With one processor, whoever has it excludes every fiber that has it too; what is left are ordinary threads, and fibers whose processor
// was taken away. So a fiber takes the lock by saying in its processor which one it holds, with a plain store. The first other one
// who comes makes the lock everybody's for good: he raises a flag that the fiber reads after that store, has every thread execute a
// barrier (HeddleThreadWatch::fence), and waits until the processor says something else. From then on it is a spin lock.
// A lock of the machine costs 5 to 6 ns, and handing over a value takes two of them.
#pragma once

#include "sched/core_section.hpp"

#include <heddle/detail/wait_list.hpp>

#include <atomic>

namespace heddle::sched {

class LocalGuard {
 public:
  /// `worker`: the caller's, in the core and with a processor; null for anybody else.
  LocalGuard(Worker* worker, detail::LocalLock& lock) : lock_(&lock) {
    if (worker && worker->processor->sole && !worker->processor->private_lock.load(std::memory_order_relaxed)) {
      Processor& processor = *worker->processor;
      processor.private_lock.store(&lock, std::memory_order_relaxed);
      std::atomic_signal_fence(std::memory_order_seq_cst);  // the machine's part is the other's fence
      if (!lock.is_everybodys()) [[likely]] {
        processor_ = &processor;
        return;
      }
      processor.private_lock.store(nullptr, std::memory_order_relaxed);
    }
    lock.lock();
  }
  ~LocalGuard() {
    if (lock_) release();
  }
  LocalGuard(const LocalGuard&) = delete;
  LocalGuard& operator=(const LocalGuard&) = delete;

  /// May be the last that touches the guard: whoever waits for the lock may be the one who keeps it alive.
  void release() noexcept {
    Processor* const processor = processor_;
    detail::LocalLock& lock = *lock_;
    lock_ = nullptr;
    if (processor) {
      processor->private_lock.store(nullptr, std::memory_order_release);
    } else {
      lock.unlock();
    }
  }

 private:
  detail::LocalLock* lock_;  // null: released
  Processor* processor_ = nullptr;
};

}  // namespace heddle::sched
