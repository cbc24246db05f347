// What each Windows port defines for common/windows: the labels of its .S files, in their order, and the functions of its port.cpp.
// The port's machine.h includes this behind its frame.h, whose offsets into HeddleThread and HeddleStackBounds are checked here,
// and adds what is its own: names, sizes, the structures that its assembly reads.
#pragma once

#include <windows.h>

#include <cstddef>
#include <cstdint>

#include <heddle/port/context_switcher.h>
#include <heddle/port/port.h>
#include <heddle/port/procedure_caller.h>
#include <heddle/port/thread.h>

// What the thread block (TEB) says of the stack that a thread runs on. Windows wants it right at every instruction: exceptions are
// dispatched, guard pages grown and large frames probed by these words.
struct HeddleStackBounds {
  uintptr_t base;        // StackBase: one past the highest byte
  uintptr_t limit;       // StackLimit: the lowest byte that is committed and no guard
  uintptr_t allocation;  // DeallocationStack: the lowest byte that the stack may grow to
};

extern "C" {
// context.S
void heddle_make(HeddleContext* out, const HeddleStackBounds* bounds, void* stack_hi, HeddleEntry entry, void* argument);
void* heddle_swap(HeddleContext* save, const HeddleContext* to, void* transfer);
void heddle_jump(const HeddleContext* to, void* transfer);
void* heddle_swap_on_top(HeddleContext* save, const HeddleContext* to, void* (*function)(void*), void* transfer);
void* heddle_park_and_call(HeddleContext* save, const HeddleContext* on, void* (*function)(void*), void* argument);
void* heddle_morestack(void* (*function)(void*), void* context);
void heddle_context_entry();
// tls.S
HeddleThread* heddle_tls_get();
void heddle_tls_set(HeddleThread* thread);  // REQUIRES: the thread has the array of expansion slots when the slot lies in it
void heddle_tls_clear();
extern uint32_t heddle_tls_offset;     // of the slot in the thread block; 0 when it is an expansion slot
extern uint32_t heddle_tls_expansion;  // of the slot in the array of expansion slots, in bytes
// call.S. The thread block has *bounds while function runs; afterwards *bounds is what has become of them.
void* heddle_call_on(void* stack_top, void* (*function)(void*), void* argument, HeddleStackBounds* bounds);
// preempt.S
void heddle_async_preempt();
// vdso.S: interrupt time and system time of the shared user data page, in nanoseconds
int64_t heddle_vdso_monotonic_ns();
int64_t heddle_vdso_realtime_ns();
// procedure.S. Of the results it writes last_error, integer and, if one is asked for, floating, in the first bytes of which a float lies.
// REQUIRES: no more words than there may be
void heddle_call_procedure(HeddleProcedureCall* call);

// context_stack.cpp: what morestack asks, and gets HeddleHost::new_stack's answer to; its segment has the bounds for the thread block.
struct HeddleStackQuestion {
  HeddleContext caller;
  void* context;
};
HeddleSegment* heddle_new_stack(const HeddleStackQuestion* question);

// exceptions.cpp: what stands below the first frame of every context, where no handler has taken an exception. Does what the system
// does at the bottom of a thread: asks the unhandled-exception filter, and ends the process unless that wants to go on.
EXCEPTION_DISPOSITION heddle_last_handler(EXCEPTION_RECORD* record, void* frame, CONTEXT* context, void* dispatcher);
}

namespace heddle::port {

// An instruction that enters the kernel; the port's machine.h lists those of its system as kSystemCallEntries.
struct SystemCallEntry {
  uint8_t bytes;
  uint8_t code[7];
};

static_assert(offsetof(HeddleThread, fiber) == THREAD_FIBER);
static_assert(offsetof(HeddleThread, system) + offsetof(HeddleContext, sp) == THREAD_SYSTEM_SP);
static_assert(offsetof(HeddleProcedureCall, procedure) == PROCEDURE_ADDRESS);
static_assert(offsetof(HeddleProcedureCall, words) == PROCEDURE_WORDS);
static_assert(offsetof(HeddleProcedureCall, count) == PROCEDURE_COUNT);
static_assert(offsetof(HeddleProcedureCall, last_error) == PROCEDURE_LAST_ERROR);
static_assert(offsetof(HeddleProcedureCall, integer) == PROCEDURE_INTEGER);
static_assert(offsetof(HeddleProcedureCall, floating) == PROCEDURE_FLOATING);
static_assert(offsetof(HeddleSegment, hi) == SEGMENT_HI);
static_assert(offsetof(HeddleSegment, port) == SEGMENT_BOUNDS && sizeof(HeddleStackBounds) <= sizeof(HeddleSegment::port));
static_assert(offsetof(HeddleStackBounds, base) == BOUNDS_BASE);
static_assert(offsetof(HeddleStackBounds, limit) == BOUNDS_LIMIT);
static_assert(offsetof(HeddleStackBounds, allocation) == BOUNDS_ALLOCATION);
static_assert(offsetof(NT_TIB, StackBase) == TEB_STACK_BASE);
static_assert(offsetof(NT_TIB, StackLimit) == TEB_STACK_LIMIT);
static_assert(offsetof(NT_TIB, FiberData) == TEB_FIBER_DATA);
static_assert(offsetof(NT_TIB, ArbitraryUserPointer) == TEB_ARBITRARY_POINTER);

// Where a parked context goes on: behind the call of swap, or at the first instruction of entry.
HeddleRegisters parked_registers(const HeddleContext& context);

// The bounds of its stack that a parked context keeps.
HeddleStackBounds* parked_bounds(const HeddleContext& context);

HeddleRegisters interrupted_registers(const CONTEXT& context);

// Where the stack of this thread ends, by the thread block: the lowest page of all, which the system gives to nobody.
uintptr_t stack_allocation();

// function(argument), so that an unwinder comes from its caller to the code that was interrupted at `context`. For handlers, which are called by
// code of the system that an unwinder may not get through.
void call_interrupted(const CONTEXT& context, void* (*function)(void*), void* argument);

// Rewrites the context so that async_preempt runs when the thread goes on, and puts what that returns to on the thread's stack.
// Negative, and nothing changed, when it cannot.
// REQUIRES: the thread is suspended, and the core has found inject_bytes free below its stack pointer.
int32_t inject_preemption(CONTEXT& context);

// The most stack below the interrupted stack pointer that async_preempt uses before it calls the core.
uint32_t inject_bytes();

// Learns what this processor has. HEDDLE_E_UNSUPPORTED when the port cannot serve the process.
int32_t open_machine(const HeddleHost& host);

}  // namespace heddle::port
