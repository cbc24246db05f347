// See local_lock.hpp.
#include "sched/local_lock.hpp"

#include "sched/scheduler.hpp"

#include <thread>

namespace heddle::detail {

void LocalLock::make_everybodys() noexcept {
  everybodys_.store(true, std::memory_order_seq_cst);
  const sched::Scheduler* scheduler = sched::Scheduler::running();
  if (!scheduler) return;
  const sched::Processor& processor = *scheduler->processors().front();
  if (!processor.sole) return;
  scheduler->fence();
  while (processor.private_lock.load(std::memory_order_acquire) == this) std::this_thread::yield();
}

}  // namespace heddle::detail
