// The seam between what every Linux port shares (plugins/common/linux) and this processor: the labels of the .S files,
// the interrupted registers in a ucontext_t, and the injected call.
// Each Linux port has a machine.h with the same names; common/linux asks nothing else about the processor.
#ifndef HEDDLE_LINUX_ARM_MACHINE_H
#define HEDDLE_LINUX_ARM_MACHINE_H

#include <sys/syscall.h>
#include <ucontext.h>

#include <cstddef>
#include <cstdint>

#include <heddle/port/context_switcher.h>
#include <heddle/port/port.h>
#include <heddle/port/thread.h>

#include "frame.h"

#define HEDDLE_HIDDEN __attribute__((visibility("hidden")))

extern "C" {
// context.S
HEDDLE_HIDDEN void heddle_make(HeddleContext* out, void* stack_lo, void* stack_hi, HeddleEntry entry, void* argument);
HEDDLE_HIDDEN void* heddle_swap(HeddleContext* save, const HeddleContext* to, void* transfer);
HEDDLE_HIDDEN void heddle_jump(const HeddleContext* to, void* transfer);
HEDDLE_HIDDEN void* heddle_swap_on_top(HeddleContext* save, const HeddleContext* to, void* (*function)(void*), void* transfer);
HEDDLE_HIDDEN void heddle_context_entry();
// tls.S
HEDDLE_HIDDEN HeddleThread* heddle_tls_get();
HEDDLE_HIDDEN void heddle_tls_set(HeddleThread* thread);
HEDDLE_HIDDEN void heddle_tls_clear();
// call.S
HEDDLE_HIDDEN void* heddle_call_on(void* stack_top, void* (*function)(void*), void* argument);
// preempt.S
HEDDLE_HIDDEN void heddle_async_preempt();
HEDDLE_HIDDEN extern void (*heddle_preempted)();  // HeddleHost::preempted
// vdso.S
HEDDLE_HIDDEN int64_t heddle_vdso_monotonic_ns();
HEDDLE_HIDDEN int64_t heddle_vdso_realtime_ns();
HEDDLE_HIDDEN int64_t heddle_syscall_monotonic_ns();
HEDDLE_HIDDEN int64_t heddle_syscall_realtime_ns();
HEDDLE_HIDDEN extern void* heddle_vdso_clock_gettime;  // the vDSO's function, set before the labels above are called
}

namespace heddle::port {

// What the kernel pushes for a handler with SA_SIGINFO, and rt_sigreturn reads: struct rt_sigframe of
// arch/arm/kernel/signal.h. Compilers lay ucontext_t out as the kernel does.
// rt_sigreturn does not look at the place of siginfo_t.
struct SignalFrame {
  uintptr_t return_pc;
  unsigned char unused[124];
  ucontext_t context;
  unsigned long return_code[4];  // two words before Linux 4.16 and on 64-bit kernels
};

static_assert(sizeof(SignalFrame) == PREEMPT_BYTES && PREEMPT_BYTES % 8 == 0);
static_assert(offsetof(SignalFrame, return_pc) == PREEMPT_RETURN_PC && PREEMPT_RETURN_PC == 0);
static_assert(offsetof(SignalFrame, context.uc_mcontext.arm_r0) == PREEMPT_R0);
static_assert(offsetof(SignalFrame, context.uc_mcontext.arm_pc) == PREEMPT_R0 + 15 * 4);
static_assert(offsetof(SignalFrame, context.uc_stack) == PREEMPT_ALTERNATE_STACK);
static_assert(offsetof(SignalFrame, context.uc_sigmask) == PREEMPT_MASK);
static_assert(SYS_rt_sigreturn == SYSCALL_RT_SIGRETURN);
static_assert(SYS_rt_sigprocmask == SYSCALL_RT_SIGPROCMASK && SYS_sigaltstack == SYSCALL_SIGALTSTACK);
static_assert(SYS_clock_gettime == SYSCALL_CLOCK_GETTIME && SYS_clock_gettime64 == SYSCALL_CLOCK_GETTIME64);
static_assert(offsetof(HeddleThread, fiber) == THREAD_FIBER);
static_assert(offsetof(HeddleThread, system) + offsetof(HeddleContext, sp) == THREAD_SYSTEM_SP);
static_assert(offsetof(HeddleThread, system_lo) == THREAD_SYSTEM_LO);
static_assert(offsetof(HeddleThread, system_hi) == THREAD_SYSTEM_HI);
static_assert(offsetof(HeddleThread, signal_lo) == THREAD_SIGNAL_LO);
static_assert(offsetof(HeddleThread, signal_hi) == THREAD_SIGNAL_HI);
static_assert(offsetof(HeddleThread, vdso_pc) == THREAD_VDSO_PC);
static_assert(offsetof(HeddleThread, vdso_sp) == THREAD_VDSO_SP);

inline constexpr const char* kPortId = "linux-arm";
inline constexpr const char* kArchitecture = "arm";
inline constexpr const char* kVdsoClockGettime = "__vdso_clock_gettime64";
inline constexpr const char* kVdsoVersion = "LINUX_2.6";  // vdso(7)

// The most stack that make, swap and the call of entry use together: alignment, room, what entry saves, a parked frame.
inline constexpr uint32_t kSwapFrameBytes = (8 + ENTRY_ROOM + 8 + SWAP_BYTES + 15) / 16 * 16;

// What the C++ runtime keeps of exceptions per thread: a pointer, a count, and a pointer that only this processor's
// ABI has. Source: Exception Handling ABI for the Arm Architecture, "Language-independent requirements":
// propagatingExceptions.
inline constexpr uint32_t kExceptionGlobalsBytes = 3 * sizeof(void*);

// Where a parked context goes on: behind the call of swap, or at the first instruction of entry. pc has the Thumb bit.
HeddleRegisters parked_registers(const HeddleContext& context);

// pc has no Thumb bit: that is in the interrupted CPSR.
HeddleRegisters interrupted_registers(const ucontext_t& context);

// Rewrites the context so that async_preempt runs when the thread goes on. Negative, and nothing changed, when it
// cannot.
int32_t inject_preemption(ucontext_t& context);

// The most stack below the interrupted stack pointer that async_preempt uses before it calls the core.
uint32_t inject_bytes();

// Learns what this processor has. HEDDLE_E_UNSUPPORTED when the port cannot serve the process.
int32_t open_machine(const HeddleHost& host);

}  // namespace heddle::port

#endif
