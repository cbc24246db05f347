// What each Linux port defines for common/linux: the labels of its .S files, in their order, and the functions of its port.cpp.
// The port's machine.h includes this behind its frame.h, whose offsets into HeddleThread are checked here, and adds what is its
// own: names, sizes, the structures that its assembly reads.
#pragma once

#include <ucontext.h>

#include <cstddef>
#include <cstdint>

#include <heddle/port/context_switcher.h>
#include <heddle/port/port.h>
#include <heddle/port/thread.h>

#define HEDDLE_HIDDEN __attribute__((visibility("hidden")))

extern "C" {
// context.S
HEDDLE_HIDDEN void heddle_make(HeddleContext* out, void* stack_lo, void* stack_hi, HeddleEntry entry, void* argument);
HEDDLE_HIDDEN void* heddle_swap(HeddleContext* save, const HeddleContext* to, void* transfer);
HEDDLE_HIDDEN void heddle_jump(const HeddleContext* to, void* transfer);
HEDDLE_HIDDEN void* heddle_swap_on_top(HeddleContext* save, const HeddleContext* to, void* (*function)(void*), void* transfer);
HEDDLE_HIDDEN void* heddle_park_and_call(HeddleContext* save, const HeddleContext* on, void* (*function)(void*), void* argument);
HEDDLE_HIDDEN void* heddle_morestack(void* (*function)(void*), void* context);
HEDDLE_HIDDEN void heddle_context_entry();
// tls.S
HEDDLE_HIDDEN HeddleThread* heddle_tls_get();
HEDDLE_HIDDEN void heddle_tls_set(HeddleThread* thread);
HEDDLE_HIDDEN void heddle_tls_clear();
// call.S
HEDDLE_HIDDEN void* heddle_call_on(void* stack_top, void* (*function)(void*), void* argument);
// preempt.S
HEDDLE_HIDDEN void heddle_async_preempt();
// vdso.S
HEDDLE_HIDDEN int64_t heddle_vdso_monotonic_ns();
HEDDLE_HIDDEN int64_t heddle_vdso_realtime_ns();
HEDDLE_HIDDEN int64_t heddle_syscall_monotonic_ns();
HEDDLE_HIDDEN int64_t heddle_syscall_realtime_ns();
HEDDLE_HIDDEN extern void* heddle_vdso_clock_gettime;  // the vDSO's function, set before the labels above are called
}

// port_descriptor.cpp: HeddleHost::new_stack, for morestack to call.
extern "C" HEDDLE_HIDDEN HeddleSegment* heddle_new_stack(const HeddleContext* caller, void* context);

namespace heddle::port {

static_assert(offsetof(HeddleSegment, hi) == SEGMENT_HI);
static_assert(offsetof(HeddleThread, fiber) == THREAD_FIBER);
static_assert(offsetof(HeddleThread, system) + offsetof(HeddleContext, sp) == THREAD_SYSTEM_SP);
static_assert(offsetof(HeddleThread, system_lo) == THREAD_SYSTEM_LO);
static_assert(offsetof(HeddleThread, system_hi) == THREAD_SYSTEM_HI);
static_assert(offsetof(HeddleThread, signal_lo) == THREAD_SIGNAL_LO);
static_assert(offsetof(HeddleThread, signal_hi) == THREAD_SIGNAL_HI);
static_assert(offsetof(HeddleThread, vdso_pc) == THREAD_VDSO_PC);
static_assert(offsetof(HeddleThread, vdso_sp) == THREAD_VDSO_SP);

// Where a parked context goes on: behind the call of swap, or at the first instruction of entry.
HeddleRegisters parked_registers(const HeddleContext& context);

HeddleRegisters interrupted_registers(const ucontext_t& context);

// function(argument), so that an unwinder comes from its caller to the code that was interrupted at `context`. For signal handlers: not every
// unwinder gets through what the kernel has called them from.
void call_interrupted(const ucontext_t& context, void* (*function)(void*), void* argument);

// Rewrites the context so that async_preempt runs when the thread goes on. Negative, and nothing changed, when it cannot.
// REQUIRES: context lies in the signal frame that the kernel built, and the handler returns through it.
int32_t inject_preemption(ucontext_t& context);

// The most stack below the interrupted stack pointer that async_preempt uses before it calls the core.
uint32_t inject_bytes();

// Learns what this processor has. HEDDLE_E_UNSUPPORTED when the port cannot serve the process.
int32_t open_machine(const HeddleHost& host);

}  // namespace heddle::port
