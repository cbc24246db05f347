// Timer: a fiber that is made at once and made ready when its time has come.
#include "sched/scheduler.hpp"
#include "sched/switch.hpp"
#include "sched/waiting.hpp"

#include <heddle/this_fiber.hpp>
#include <heddle/timer.hpp>

#include <system_error>
#include <utility>

namespace heddle::detail {

class TimerState : public sched::Timer {
 public:
  explicit TimerState(std::function<void()> function) : function_(std::move(function)) {}

  /// The fiber keeps the state alive until it has run, or until the timer was stopped.
  static void make_fiber(const std::shared_ptr<TimerState>& state) {
    using Keep = std::shared_ptr<TimerState>;
    void* place = nullptr;
    state->fiber_ = create_fiber({.name = "timer"}, sizeof(Keep), alignof(Keep), &run, &place);
    state->keep_ = ::new (place) Keep(state);
  }

  static void expire(sched::Timer& timer) {
    sched::ready_in_turn(*std::exchange(static_cast<TimerState&>(timer).fiber_, nullptr));
  }

  bool stop() noexcept {
    if (!sched::TimerQueue::cancel(*this)) return false;
    // The fiber never ran: take its closure, and with it the last reference but the caller's, off its stack.
    const std::shared_ptr<TimerState> keep = std::move(*keep_);
    std::destroy_at(keep_);
    discard_fiber(std::exchange(fiber_, nullptr));
    return true;
  }

  sched::FiberBlock* fiber() const { return fiber_; }

 private:
  static void run(void* place) noexcept {
    auto* keep = static_cast<std::shared_ptr<TimerState>*>(place);
    (*keep)->function_();
    std::destroy_at(keep);
  }

  std::function<void()> function_;
  sched::FiberBlock* fiber_ = nullptr;
  std::shared_ptr<TimerState>* keep_ = nullptr;
};

std::shared_ptr<TimerState> start_timer(std::int64_t deadline, std::function<void()> function) {
  sched::Worker* worker = sched::current_worker();
  if (!worker || !worker->fiber)
    throw std::system_error(std::make_error_code(std::errc::operation_not_permitted),
                            "heddle::Timer: called from an ordinary thread; timers are started inside a fiber");
  auto state = std::make_shared<TimerState>(std::move(function));
  TimerState::make_fiber(state);
  detach_fiber(state->fiber());
  state->when = deadline;
  state->fire = TimerState::expire;
  sched::start_timer(*state);
  return state;
}

bool stop_timer(TimerState& timer) noexcept {
  return timer.stop();
}

}  // namespace heddle::detail
