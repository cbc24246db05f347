// See alarm.hpp.
//
// The clock is CLOCK_MONOTONIC, once for each setting: the CPU clock of a thread never fires before a tick of the kernel (4 ms with
// HZ 250), and a periodic timer below some 20 us leaves its thread no time to run.
#include "linux/alarm.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "host.hpp"

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

namespace heddle::port {

bool Alarm::make(int signal, void* tag) {
  sigevent event{};
  event.sigev_notify = SIGEV_THREAD_ID;
  event.sigev_signo = signal;
  event.sigev_value.sival_ptr = tag;
  event.sigev_notify_thread_id = gettid();
  made_ = timer_create(CLOCK_MONOTONIC, &event, &timer_) == 0;
  if (!made_)
    log_line(HEDDLE_LOG_ERROR,
             "timer_create: %s; each worker needs a timer: raise `ulimit -i`, or use the strategy signal", strerror(errno));
  return made_;
}

int Alarm::set(int64_t nanoseconds) {
  constexpr int64_t kSecond = 1'000'000'000;
  itimerspec when{};
  if (nanoseconds != INT64_MAX) {
    const int64_t left = std::max<int64_t>(nanoseconds, 1);  // 0 would disarm
    when.it_value.tv_sec = static_cast<time_t>(std::min<int64_t>(left / kSecond, INT32_MAX));
    when.it_value.tv_nsec = static_cast<long>(left % kSecond);
  }
  const int saved_errno = errno;
  const int error = timer_settime(timer_, 0, &when, nullptr) == 0 ? 0 : errno;
  errno = saved_errno;
  return error;
}

void Alarm::end() {
  if (made_) timer_delete(timer_);
  made_ = false;
}

}  // namespace heddle::port
