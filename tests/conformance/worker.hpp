// A thread that runs one fiber of the tests, bound and interruptible as a worker of the runtime is.
#pragma once

#include <atomic>
#include <functional>

#include "fixture.hpp"
#include "ticker.hpp"

namespace conformance {

class Worker {
 public:
  Worker(const HeddleContextSwitcher* switcher, const HeddleTlsProvider* tls, const HeddlePreempter* preempter)
      : switcher_(switcher), tls_(tls), preempter_(preempter) {}

  // Makes the calling thread the worker's, runs `body` on the fiber's stack while a ticker interrupts it, and lets go
  // of the thread.
  void run(const std::function<void()>& body);

  // The same without a ticker.
  void run_undisturbed(const std::function<void()>& body);

  // For Core::deliver: injects when the fiber is interrupted in the loops of the machine's probes.
  static int32_t deliver(HeddleThread* thread, void* machine_context);

  // The worker whose fiber runs on that thread.
  static Worker& of(const HeddleThread* thread) { return *static_cast<Worker*>(thread->fiber); }

  const HeddlePreempter* preempter() const { return preempter_; }

  HeddleThread thread{};
  Stack stack;
  std::atomic<uint64_t> injected{0};  // how many interruptions `deliver` answered with an injected call

 private:
  static void enter_fiber(void* transfer, void* argument);

  const HeddleContextSwitcher* switcher_;
  const HeddleTlsProvider* tls_;
  const HeddlePreempter* preempter_;
  const std::function<void()>* body_ = nullptr;
  HeddleContext fiber_{};
};

}  // namespace conformance
