// Which fibers stand, and where what they hold lies.
//
// While the world stands a fiber that no worker is on is parked: the switch has saved its registers on its stack, below those that an
// injected call has saved if it was preempted, and HeddleContext::sp is the lowest word of it. What is left are the fibers that
// workers are on. A worker in foreign code has parked its fiber and does not come back to it (Stops::leave_foreign). Of
// the others nothing is known: adrift, or in the core on the way to a processor that they do not get. Such a worker may park its fiber while
// we look; so the workers are looked at first, and whom they are on then is said to move, whatever becomes of it.
#include "sched/census.hpp"
#include "sched/foreign_frame.hpp"
#include "sched/scheduler.hpp"
#include "sched/segment.hpp"
#include "sched/visit.hpp"

#include <heddle/fiber_local.hpp>
#include <heddle/live_stacks.hpp>

#include <atomic>
#include <cstdint>

namespace heddle {

namespace {

using sched::FiberBlock;
using sched::Worker;

bool lies_on(const stack::Stack& stack, const void* address) {
  return address >= stack.lo && address < stack.hi;
}

const void* behind(const void* begin, std::size_t bytes) {
  return static_cast<const std::byte*>(begin) + bytes;
}

/// The words among a thread's exception globals that refer to exceptions.
std::size_t words_of(const Worker& worker) {
  return worker.long_exception_globals ? sizeof(sched::ExceptionGlobals) : sizeof(void*);
}

/// Where the foreign code ends that has called back, from worker.system.sp on.
const void* end_of_foreign_frames(const sched::CallbackFrame& innermost) {
  const sched::CallbackFrame* outermost = &innermost;
  while (outermost->outer) outermost = outermost->outer;
  if (!outermost->borrowed) return outermost->system.sp;  // the worker's loop
  return reinterpret_cast<const void*>(outermost->worker->system_hi);
}

}  // namespace

void LiveStack::visit_ranges(void (*visit)(void*, const LiveRange&) noexcept, void* context) const noexcept {
  if (state_ == State::kMoves || state_ == State::kEnded) return;
  const auto hand_out = [&](const void* low, const void* high, LiveRange::Of of) {
    if (low < high) visit(context, {low, high, of});
  };
  const bool on_its_stack = here_ && lies_on(sched::current_stack(*fiber_), here_);
  const void* low = on_its_stack ? here_ : fiber_->context.sp;
  for (const sched::Segment* segment = fiber_->room->segment; segment; segment = segment->outer->segment) {
    hand_out(low, segment + 1, LiveRange::Of::kStack);
    low = segment->outer_sp;
  }
  hand_out(low, fiber_ + 1, LiveRange::Of::kStack);
  for (const detail::LocalValue* value = fiber_->local_values; value; value = value->next)
    hand_out(value, behind(value, value->bytes), LiveRange::Of::kLocal);
  if (const sched::CallbackFrame* callback = fiber_->callback)
    hand_out(callback->worker->system.sp, end_of_foreign_frames(*callback), LiveRange::Of::kThread);
  if (!worker_) return;
  hand_out(worker_->exception_globals, behind(worker_->exception_globals, words_of(*worker_)), LiveRange::Of::kThread);
  if (here_ && !on_its_stack)
    hand_out(here_, worker_->system.sp, LiveRange::Of::kThread);  // in a foreign call of its own
}

namespace detail {

struct LiveStacks::Caller {
  Worker* worker;  // null on an ordinary thread
  const void* here;
};

LiveStack LiveStacks::look_at(const FiberBlock& fiber, std::uint64_t look, const Caller& caller) noexcept {
  LiveStack seen;
  seen.id_ = FiberId(fiber.number);
  seen.fiber_ = &fiber;
  if (fiber.joiner.load(std::memory_order_acquire) == sched::kEnded) {
    seen.state_ = LiveStack::State::kEnded;
  } else if (caller.worker && caller.worker->current() == &fiber) {
    seen.state_ = LiveStack::State::kCaller;
    seen.worker_ = caller.worker;
    seen.here_ = caller.here;
  } else if (fiber.seen_in != look) {
    seen.state_ = LiveStack::State::kStands;
  } else if (!fiber.seen_moving) {
    seen.state_ = LiveStack::State::kForeign;
    seen.worker_ = fiber.seen_on;
  }
  return seen;
}

// Never in line: its frame address is below all that its caller has saved.
[[gnu::noinline]] LiveStackCount LiveStacks::walk(const StoppedWorld& world, Visit visit, void* context) noexcept {
  const Caller caller{sched::current_worker(), __builtin_frame_address(0)};
  sched::Scheduler* const scheduler = caller.worker ? &caller.worker->scheduler : world.visit_->scheduler();
  LiveStackCount count;
  if (!scheduler) return count;
  if (!world.stopped_ || scheduler->stopping()) {
    count.fibers = count.moving = scheduler->stats().fibers;
    return count;
  }
  const std::uint64_t look = scheduler->stops().begin_look();
  scheduler->for_each_worker([&](Worker& worker) {
    FiberBlock* const fiber = worker.glimpse();
    if (!fiber || &worker == caller.worker) return;
    fiber->seen_in = look;
    fiber->seen_on = &worker;
    fiber->seen_moving = !worker.in_foreign() || !worker.taken.load(std::memory_order_acquire);
  });
  std::atomic_thread_fence(std::memory_order_acquire);  // see queue_up in rescue.cpp
  sched::for_each_fiber(scheduler->stacks(), [&](const FiberBlock& fiber) {
    const LiveStack seen = look_at(fiber, look, caller);
    ++count.fibers;
    if (seen.state_ == LiveStack::State::kMoves) ++count.moving;
    visit(context, seen);
  });
  return count;
}

LiveStackCount LiveStacks::visit_all(const StoppedWorld& world, Visit visit, void* context) noexcept {
  __builtin_unwind_init();  // all registers that a callee would save are in this frame
  const LiveStackCount count = walk(world, visit, context);
  std::atomic_signal_fence(std::memory_order_seq_cst);  // no tail call: the frame is there until then
  return count;
}

LiveStackCount LiveStacks::visit_one(const StoppedFiber& stopped, Visit visit, void* context) noexcept {
  LiveStackCount count;
  if (!stopped.stopped_) return count;
  Worker* const worker = sched::current_worker();
  const sched::Visit hold;
  sched::Scheduler* const scheduler = worker ? &worker->scheduler : hold.scheduler();
  FiberBlock* const fiber = scheduler ? sched::find_fiber(scheduler->stacks(), stopped.id_.number()) : nullptr;
  if (!fiber) return count;
  bool moves = false;
  scheduler->for_each_worker([&](Worker& other) { moves = moves || other.glimpse() == fiber || other.kept == fiber; });
  std::atomic_thread_fence(std::memory_order_acquire);
  LiveStack seen;
  seen.id_ = stopped.id_;
  seen.fiber_ = fiber;
  seen.state_ = moves ? LiveStack::State::kMoves : LiveStack::State::kStands;
  visit(context, seen);
  return {1, moves ? std::size_t{1} : std::size_t{0}};
}

}  // namespace detail

}  // namespace heddle
