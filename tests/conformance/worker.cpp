// See worker.hpp.
#include "worker.hpp"

#include "machine.hpp"

namespace conformance {

void Worker::enter_fiber(void*, void* argument) {
  auto* self = static_cast<Worker*>(argument);
  (*self->body_)();
  self->switcher_->jump(&self->thread.system, nullptr);
}

void Worker::run_undisturbed(const std::function<void()>& body) {
  ASSERT_EQ(tls_->bind(&thread), HEDDLE_OK);
  ASSERT_EQ(preempter_->enter(&thread), HEDDLE_OK);
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

int32_t Worker::deliver(HeddleThread* thread, void* machine_context) {
  if (thread->fiber == nullptr) return 0;  // a tick that came late: an emulator queues signals of its own
  Worker& self = of(thread);
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
