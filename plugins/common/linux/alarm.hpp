// Alarm: a POSIX timer whose signal comes to the thread that made it (timer_create(2), SIGEV_THREAD_ID).
#pragma once

#include <cstdint>
#include <ctime>

namespace heddle::port {

class Alarm {
 public:
  // Made for the calling thread. Its signals carry `tag`. False, with the reason in the log, when the limit of the user's
  // pending signals (RLIMIT_SIGPENDING) is reached or the kernel has no timers.
  bool make(int signal, void* tag);

  // Comes in so many nanoseconds; INT64_MAX: does not. Any thread, async-signal-safe. 0 or the errno.
  int set(int64_t nanoseconds);

  // A signal that was on its way arrives at the latest when the thread's next system call returns.
  void end();

  bool made() const { return made_; }

 private:
  timer_t timer_{};
  bool made_ = false;
};

}  // namespace heddle::port
