// ContextSwitcher of Windows, where it needs to know the stack: make, call_on and inherit. The rest is context.S.
#pragma once

#include <heddle/port/context_switcher.h>

namespace heddle::port {

void HEDDLE_CALL make_context(HeddleContext* out, void* stack_lo, void* stack_hi, HeddleEntry entry, void* argument);
void HEDDLE_CALL inherit_stack(const HeddleContext* outer, const HeddleContext* inner);
void* HEDDLE_CALL call_on_stack(void* stack_top, void* (*function)(void*), void* argument);

}  // namespace heddle::port
