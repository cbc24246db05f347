// Ticker by a POSIX timer: its signal's handler makes the request, whose signal is taken as soon as that handler returns, at the
// instruction that the timer interrupted. So nothing depends on a second thread being scheduled.
//
// The handler arms the timer anew. A periodic timer would be due again before the signals of one period are dealt with where each takes
// long, under a debugger, and the program would stand still; on an emulated machine with a kernel of its own even 50 microseconds are too
// few.
#include "conformance/ticker.hpp"

#include <gtest/gtest.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>

namespace conformance {

namespace {

const HeddleTlsProvider* ticker_tls;
const HeddlePreempter* ticker_preempter;
thread_local timer_t ticker_timer;

// Below 1,000,000 microseconds.
long delay_ns() {
  const char* microseconds = std::getenv("HEDDLE_TICK_MICROSECONDS");
  return 1000 * (microseconds == nullptr ? 50 : std::atol(microseconds));
}
const long delay = delay_ns();

// timer_settime is async-signal-safe: signal-safety(7).
void arm(timer_t timer) {
  const itimerspec once{{0, 0}, {0, delay}};
  timer_settime(timer, 0, &once, nullptr);
}

void tick(int) {
  const int saved_errno = errno;
  HeddleThread* thread = ticker_tls->get();
  if (thread != nullptr) ticker_preempter->request(thread);
  arm(ticker_timer);
  errno = saved_errno;
}

}  // namespace

struct Ticker::State {
  timer_t timer;
};

Ticker::Ticker(const HeddleTlsProvider* tls, const HeddlePreempter* preempter) : state_(std::make_unique<State>()) {
  ticker_tls = tls;
  ticker_preempter = preempter;
  struct sigaction action {};
  action.sa_handler = tick;
  action.sa_flags = SA_ONSTACK | SA_RESTART;
  sigfillset(&action.sa_mask);
  EXPECT_EQ(sigaction(SIGALRM, &action, nullptr), 0);
  sigevent event{};
  event.sigev_notify = SIGEV_THREAD_ID;
  event.sigev_signo = SIGALRM;
  event._sigev_un._tid = gettid();
  EXPECT_EQ(timer_create(CLOCK_MONOTONIC, &event, &ticker_timer), 0);
  state_->timer = ticker_timer;
  arm(ticker_timer);
}

Ticker::~Ticker() {
  timer_delete(state_->timer);
}

}  // namespace conformance
