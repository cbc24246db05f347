// Ticker by a thread of its own, since no thread may preempt itself: it requests, lets go of the processor until the delay is over, and
// requests again. The delay is measured, not slept: a sleep would take up to the system's tick of 15 ms.
#include "conformance/ticker.hpp"

#include <windows.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <thread>

namespace conformance {

namespace {

using Clock = std::chrono::steady_clock;

std::chrono::microseconds delay() {
  const char* microseconds = std::getenv("HEDDLE_TICK_MICROSECONDS");
  return std::chrono::microseconds(microseconds == nullptr ? 50 : std::atol(microseconds));
}

}  // namespace

struct Ticker::State {
  std::atomic<bool> stop{false};
  std::thread thread;
};

Ticker::Ticker(const HeddleTlsProvider* tls, const HeddlePreempter* preempter) : state_(std::make_unique<State>()) {
  state_->thread = std::thread([state = state_.get(), target = tls->get(), preempter] {
    while (!state->stop) {
      preempter->request(target);
      const Clock::time_point next = Clock::now() + delay();
      do SwitchToThread();
      while (Clock::now() < next);
    }
  });
}

Ticker::~Ticker() {
  state_->stop = true;
  state_->thread.join();
}

}  // namespace conformance
