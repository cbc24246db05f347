// A thread that runs one fiber of the tests, bound and interruptible as a worker of the runtime is.
#pragma once

#include <time.h>

#include <functional>

#include "fixture.hpp"

namespace conformance {

// While it lives, the calling thread requests its own preemption again and again: a timer's signal handler makes the
// request, whose signal is taken as soon as that handler returns, at the instruction that the timer interrupted. So
// tests count interruptions and do not depend on a second thread being scheduled.
// The handler arms the timer anew, 50 microseconds from then or HEDDLE_TICK_MICROSECONDS (below 1,000,000). A periodic timer
// would be due again before the signals of one period are dealt with where each takes long, under a debugger, and the program
// would stand still; on an emulated machine with a kernel of its own even 50 microseconds are too few.
class Ticker {
 public:
  Ticker(const HeddleTlsProvider* tls, const HeddlePreempter* preempter);
  ~Ticker();
  Ticker(const Ticker&) = delete;
  Ticker& operator=(const Ticker&) = delete;
};

class Worker {
 public:
  Worker(const HeddleContextSwitcher* switcher, const HeddleTlsProvider* tls, const HeddlePreempter* preempter)
      : switcher_(switcher), tls_(tls), preempter_(preempter) {}

  // Makes the calling thread the worker's, runs `body` on the fiber's stack while a ticker interrupts it, and lets go
  // of the thread.
  void run(const std::function<void()>& body);

  // The same without a ticker.
  void run_undisturbed(const std::function<void()>& body);

  // For Core::deliver: injects when the fiber is interrupted in the loops of the processor's probes.
  static int32_t deliver(void* machine_context);

  const HeddlePreempter* preempter() const { return preempter_; }

  HeddleThread thread{};
  Stack stack;
  uint64_t injected = 0;   // how many of the signals `deliver` answered with an injected call
  static Worker* current;  // the one whose signals `deliver` takes

 private:
  static void enter_fiber(void* transfer, void* argument);

  const HeddleContextSwitcher* switcher_;
  const HeddleTlsProvider* tls_;
  const HeddlePreempter* preempter_;
  const std::function<void()>* body_ = nullptr;
  HeddleContext fiber_{};
};

}  // namespace conformance
