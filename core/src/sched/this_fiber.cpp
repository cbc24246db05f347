// What the running fiber can ask; checkpoint and NoPreempt are in preemption.cpp.
#include "sched/switch.hpp"
#include "sched/wait_note.hpp"
#include "sched/waiting.hpp"

#include <heddle/this_fiber.hpp>

#include <string>
#include <system_error>

namespace heddle::this_fiber {

namespace {

[[gnu::cold, noreturn]] void not_a_fiber(const char* function) {
  throw std::system_error(
      std::make_error_code(std::errc::operation_not_permitted),
      std::string("heddle::this_fiber::") + function + ": called from an ordinary thread; it works inside a fiber only");
}

struct Sleep : sched::Timer {
  sched::FiberBlock* fiber = nullptr;

  static void end(sched::Timer& timer) { sched::ready_in_turn(*static_cast<Sleep&>(timer).fiber); }

  static bool start(sched::Worker& worker, sched::FiberBlock& parked, void* argument) {
    auto& sleep = *static_cast<Sleep*>(argument);
    sleep.fiber = &parked;
    sched::start_timer(worker, sleep);
    return true;
  }
};

}  // namespace

void yield() {
  sched::Worker* worker = sched::current_worker();
  if (!worker || !worker->fiber) [[unlikely]]
    not_a_fiber("yield");
  sched::yield(*worker);
}

void detail::sleep_until_ns(std::int64_t monotonic_ns) {
  sched::Worker* worker = sched::current_worker();
  if (!worker || !worker->fiber) not_a_fiber("sleep");
  if (monotonic_ns <= nanotime()) return sched::yield(*worker);
  Sleep sleep;
  sleep.when = monotonic_ns;
  sleep.fire = Sleep::end;
  sched::note_wait(*worker, sched::kWaitsForTime, static_cast<sched::Timer*>(&sleep));
  sched::park(*worker, Sleep::start, &sleep);
}

FiberId get_id() noexcept {
  const sched::FiberBlock* fiber = sched::current_fiber();
  return FiberId(fiber ? fiber->number : 0);
}

std::string_view name() noexcept {
  const sched::FiberBlock* fiber = sched::current_fiber();
  return fiber ? std::string_view(fiber->name.data()) : std::string_view();
}

}  // namespace heddle::this_fiber
