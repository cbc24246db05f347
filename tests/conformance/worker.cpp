// See worker.hpp.
#include "worker.hpp"

#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>

#include "machine.hpp"

namespace conformance {

namespace {

const HeddleTlsProvider* ticker_tls;
const HeddlePreempter* ticker_preempter;
thread_local timer_t ticker_timer;

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

Ticker::Ticker(const HeddleTlsProvider* tls, const HeddlePreempter* preempter) {
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
  arm(ticker_timer);
}

Ticker::~Ticker() {
  timer_delete(ticker_timer);
}

Worker* Worker::current = nullptr;

void Worker::enter_fiber(void*, void* argument) {
  auto* self = static_cast<Worker*>(argument);
  (*self->body_)();
  self->switcher_->jump(&self->thread.system, nullptr);
}

void Worker::run_undisturbed(const std::function<void()>& body) {
  ASSERT_EQ(tls_->bind(&thread), HEDDLE_OK);
  ASSERT_EQ(preempter_->enter(&thread), HEDDLE_OK);
  current = this;
  body_ = &body;
  switcher_->make(&fiber_, stack.lo(), stack.hi(), enter_fiber, this);
  thread.fiber = this;
  switcher_->swap(&thread.system, &fiber_, nullptr);
  thread.fiber = nullptr;
  preempter_->leave(&thread);
  tls_->clear();
}

void Worker::run(const std::function<void()>& body) {
  run_undisturbed([&] {
    const Ticker ticker(tls_, preempter_);
    body();
  });
}

int32_t Worker::deliver(void* machine_context) {
  Worker& self = *current;
  const auto* preempter = self.preempter_;
  HeddleRegisters at{};
  preempter->locate(machine_context, &at);
  const bool in_probe = at.pc >= reinterpret_cast<uintptr_t>(probe_begin) && at.pc < reinterpret_cast<uintptr_t>(probe_end);
  const bool fits = self.stack.contains(at.sp) &&
                    at.sp - reinterpret_cast<uintptr_t>(self.stack.lo()) > preempter->inject_bytes + 8192u;
  const bool done = in_probe && fits && preempter->inject(machine_context) == HEDDLE_OK;
  if (done) ++self.injected;
  return done ? 1 : 0;
}

}  // namespace conformance
