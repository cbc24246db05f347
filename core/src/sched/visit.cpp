#include "sched/visit.hpp"

#include "sched/scheduler.hpp"

#include <condition_variable>
#include <mutex>

namespace heddle::sched {

namespace {

std::mutex lock;
// Never destroyed: a thread may be killed in one as the process ends.
std::condition_variable& left = *new std::condition_variable;
std::condition_variable& phase_changed = *new std::condition_variable;
int visitors = 0;  // guarded by lock

enum class Phase { kNone, kBegins, kUp };
Phase phase = Phase::kNone;  // guarded by lock

void go_to(Phase next) {
  std::lock_guard guard(lock);
  phase = next;
  phase_changed.notify_all();
}

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

void run_begins() noexcept {
  go_to(Phase::kBegins);
}

void run_is_up() noexcept {
  go_to(Phase::kUp);
}

void run_is_over() noexcept {
  go_to(Phase::kNone);
}

bool wait_until_run_is_up() {
  std::unique_lock guard(lock);
  phase_changed.wait(guard, [] { return phase != Phase::kBegins; });
  return phase == Phase::kUp;
}

void Visit::wait_for_all() noexcept {
  std::unique_lock guard(lock);
  left.wait(guard, [] { return visitors == 0; });
}

}  // namespace heddle::sched
