// Visit: an ordinary thread's hold on the scheduler. While one lives run() does not return, so the scheduler stays.
//
// A fiber needs none: run() waits for its worker anyway.
#pragma once

namespace heddle::sched {

class Scheduler;

class Visit {
 public:
  /// Of the run() that is under way, if any.
  Visit() noexcept;
  ~Visit();
  Visit(const Visit&) = delete;
  Visit& operator=(const Visit&) = delete;

  Scheduler* scheduler() const noexcept { return scheduler_; }

  /// Waits until no visit is left. REQUIRES: Scheduler::running() is null already.
  static void wait_for_all() noexcept;

 private:
  Scheduler* const scheduler_;
};

// From when run() is called until it returns.
void run_begins() noexcept;
void run_is_up() noexcept;  // Scheduler::running() is not null any more
void run_is_over() noexcept;

/// Waits while a run() sets the runtime up. False when none is under way.
bool wait_until_run_is_up();

}  // namespace heddle::sched
