// Interrupts one thread again and again.
#pragma once

#include <memory>

#include <heddle/port/preempter.h>
#include <heddle/port/tls_provider.h>

namespace conformance {

// While it lives, the preemption of the thread that made it, which is bound and interruptible, is requested about every
// HEDDLE_TICK_MICROSECONDS, 50 by default; who requests it depends on the system. Tests count interruptions and do not depend on time.
class Ticker {
 public:
  Ticker(const HeddleTlsProvider* tls, const HeddlePreempter* preempter);
  ~Ticker();
  Ticker(const Ticker&) = delete;
  Ticker& operator=(const Ticker&) = delete;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace conformance
