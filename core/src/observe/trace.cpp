#include "observe/trace.hpp"

#include <unwind.h>

#include <algorithm>
#include <atomic>

namespace heddle::observe {

namespace {

_Unwind_Reason_Code note_frame(_Unwind_Context* context, void* argument) {
  Trace& trace = *static_cast<Trace*>(argument);
  int interrupted = 0;  // or called: then the address is behind the call, which may be another function's
  const auto address = static_cast<std::uintptr_t>(_Unwind_GetIPInfo(context, &interrupted));
  if (address == 0) return _URC_END_OF_STACK;
  trace.frames[trace.count++] = interrupted ? address : address - 1;
  return trace.count < Trace::kMostFrames ? _URC_NO_REASON : _URC_END_OF_STACK;
}

struct Request {
  const HeddleContextSwitcher& switcher;
  sched::FiberBlock& fiber;
  Trace& out;
  sched::tools::StackState asker{};  // the caller's stack: a fiber's, a worker's or any thread's, on whichever the tools are now
  HeddleContext back{};
};

std::atomic<Request*> under_way{nullptr};

/// Runs on the fiber's stack. Returns the transfer of the switch that resumes the fiber; the tools are told of that arrival where it
/// returns to.
void* trace_on_top(void* transfer) {
  for (;;) {
    Request& request = *static_cast<Request*>(transfer);
    sched::FiberBlock& fiber = request.fiber;
    sched::tools::arrive(fiber.tools, request.asker);
    trace_here(request.out);
    fiber.parked_in_trace = true;
    sched::tools::leave(fiber.tools, request.asker);
    transfer = request.switcher.swap(&fiber.context, &request.back, nullptr);
    if (transfer == under_way.load(std::memory_order_relaxed)) continue;
    fiber.parked_in_trace = false;
    return transfer;
  }
}

}  // namespace

void trace_here(Trace& out) noexcept {
  out.count = 0;
  _Unwind_Backtrace(note_frame, &out);
}

void trace_parked(const HeddleContextSwitcher& switcher, sched::FiberBlock& fiber, Trace& out) noexcept {
  Request request{switcher, fiber, out};
  under_way.store(&request, std::memory_order_relaxed);
  const HeddleContext parked = fiber.context;
  sched::tools::leave_system(request.asker);
  sched::tools::leave(request.asker, fiber.tools);
  if (fiber.parked_in_trace) {
    switcher.swap(&request.back, &parked, &request);
  } else {
    switcher.swap_on_top(&request.back, &parked, trace_on_top, &request);
  }
  sched::tools::arrive(request.asker, request.asker);
  sched::tools::forget_system(request.asker);
  under_way.store(nullptr, std::memory_order_relaxed);
}

bool leads_to(const Trace& trace, std::uintptr_t at) noexcept {
  return std::any_of(trace.frames.begin(), trace.frames.begin() + trace.count,
                     [at](std::uintptr_t frame) { return at - frame <= 2; });
}

void end_at(Trace& trace, std::uintptr_t at) noexcept {
  if (!leads_to(trace, at) && trace.count < Trace::kMostFrames) trace.frames[trace.count++] = at;
}

}  // namespace heddle::observe
