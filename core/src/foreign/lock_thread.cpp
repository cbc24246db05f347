#include "sched/worker.hpp"

#include <heddle/lock_thread.hpp>

namespace heddle {

LockThread::LockThread() noexcept {
  sched::FiberBlock* fiber = sched::current_fiber();
  if (!fiber) return;
  ++fiber->ties;
  ++fiber->thread_locks;
}

LockThread::~LockThread() {
  sched::FiberBlock* fiber = sched::current_fiber();
  if (!fiber || fiber->thread_locks == 0) return;
  --fiber->ties;
  --fiber->thread_locks;
}

}  // namespace heddle
