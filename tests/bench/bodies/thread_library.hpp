// The kernel's threads as the bodies see them. On one processor means: all of them on one core.
#pragma once

#include <sched.h>

#include <cerrno>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

namespace heddle::bench {

struct ThreadLibrary {
  using Fiber = std::thread;
  using Mutex = std::mutex;

  template <class F>
  static void run(unsigned processors, F body) {
    keep_to(processors);
    body();
  }

  template <class F>
  static Fiber spawn(F body) {
    return Fiber(std::move(body));
  }

  static void yield() { std::this_thread::yield(); }
  static void checkpoint() {}
  template <class Duration>
  static void sleep_for(Duration duration) {
    std::this_thread::sleep_for(duration);
  }

 private:
  /// The first cores of those that the process may use; threads that are made later inherit that.
  static void keep_to(unsigned cores) {
    cpu_set_t allowed;
    cpu_set_t kept;
    CPU_ZERO(&kept);
    bool done = sched_getaffinity(0, sizeof allowed, &allowed) == 0;
    for (int core = 0; done && core < CPU_SETSIZE && CPU_COUNT(&kept) < static_cast<int>(cores); ++core)
      if (CPU_ISSET(core, &allowed)) CPU_SET(core, &kept);
    done = done && sched_setaffinity(0, sizeof kept, &kept) == 0;
    if (!done) throw std::system_error(errno, std::generic_category(), "the threads cannot be kept to one core");
  }
};

}  // namespace heddle::bench
