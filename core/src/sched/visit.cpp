#include "sched/visit.hpp"

#include "sched/scheduler.hpp"

#include <condition_variable>
#include <mutex>

namespace heddle::sched {

namespace {

std::mutex lock;
std::condition_variable& left = *new std::condition_variable;  // never destroyed: a thread may be killed in it as the process ends
int visitors = 0;                                              // guarded by lock

Scheduler* enter() {
  std::lock_guard guard(lock);
  Scheduler* const scheduler = Scheduler::running();
  if (scheduler) ++visitors;
  return scheduler;
}

}  // namespace

Visit::Visit() noexcept : scheduler_(enter()) {}

Visit::~Visit() {
  if (!scheduler_) return;
  std::lock_guard guard(lock);
  if (--visitors == 0) left.notify_all();
}

void Visit::wait_for_all() noexcept {
  std::unique_lock guard(lock);
  left.wait(guard, [] { return visitors == 0; });
}

}  // namespace heddle::sched
