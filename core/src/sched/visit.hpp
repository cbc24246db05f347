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

}  // namespace heddle::sched
