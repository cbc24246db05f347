// See context_stack.hpp.
#include "windows/context_stack.hpp"

#include "host.hpp"
#include "machine.h"
#include "windows/stack_bounds.hpp"

namespace heddle::port {
namespace {

// The bounds of this thread's system stack when `top` lies in it and a fiber runs: the scheduler's parked context keeps
// them, and gets to know there how far its stack has grown. Else null.
HeddleStackBounds* parked_system_bounds(uintptr_t top) {
  const HeddleThread* thread = heddle_tls_get();
  if (thread == nullptr || thread->fiber == nullptr) return nullptr;
  return top > thread->system_lo && top <= thread->system_hi ? parked_bounds(thread->system) : nullptr;
}

}  // namespace

void HEDDLE_CALL make_context(HeddleContext* out, void* stack_lo, void* stack_hi, HeddleEntry entry, void* argument) {
  const HeddleStackBounds bounds = prepare_stack(reinterpret_cast<uintptr_t>(stack_lo),
                                                 reinterpret_cast<uintptr_t>(stack_hi), kSwapFrameBytes);
  heddle_make(out, &bounds, stack_hi, entry, argument);
}

void HEDDLE_CALL inherit_stack(const HeddleContext* outer, const HeddleContext* inner) {
  parked_bounds(*outer)->limit = parked_bounds(*inner)->limit;
}

void* HEDDLE_CALL call_on_stack(void* stack_top, void* (*function)(void*), void* argument) {
  const auto top = reinterpret_cast<uintptr_t>(stack_top);
  if (HeddleStackBounds* system = parked_system_bounds(top))
    return heddle_call_on(stack_top, function, argument, system);
  HeddleStackBounds bounds = find_stack_bounds(top);
  return heddle_call_on(stack_top, function, argument, &bounds);
}

}  // namespace heddle::port

HeddleSegment* heddle_new_stack(const HeddleStackQuestion* question) {
  const DWORD last_error = GetLastError();
  HeddleSegment* segment = heddle::port::host->new_stack(&question->caller, question->context);
  auto* bounds = segment != nullptr ? reinterpret_cast<HeddleStackBounds*>(segment->port) : nullptr;
  if (bounds != nullptr && bounds->base == 0) {
    *bounds = heddle::port::prepare_stack(reinterpret_cast<uintptr_t>(segment->lo),
                                          reinterpret_cast<uintptr_t>(segment->hi), 0);
  }
  SetLastError(last_error);
  return segment;
}
