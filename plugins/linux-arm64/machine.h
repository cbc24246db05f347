// The seam between what every Linux port shares (plugins/common/linux) and this processor: the labels of the .S files, the
// interrupted registers in a ucontext_t, the injected call, and how large the kernel's signal frame may be.
// Each Linux port has a machine.h with the same names; common/linux asks nothing else about the processor.
#ifndef HEDDLE_LINUX_ARM64_MACHINE_H
#define HEDDLE_LINUX_ARM64_MACHINE_H

#include <signal.h>
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
// vdso.S
HEDDLE_HIDDEN int64_t heddle_vdso_monotonic_ns();
HEDDLE_HIDDEN int64_t heddle_vdso_realtime_ns();
HEDDLE_HIDDEN int64_t heddle_syscall_monotonic_ns();
HEDDLE_HIDDEN int64_t heddle_syscall_realtime_ns();
HEDDLE_HIDDEN extern void* heddle_vdso_clock_gettime;  // the vDSO's function, set before the labels above are called
}

namespace heddle::port {

// What preempt.S reads; frame.h has the offsets.
struct SaveArea {
  void (*preempted)();
  uint64_t has_sme;
};
extern "C" HEDDLE_HIDDEN SaveArea heddle_save_area;

// The copy of the kernel's struct rt_sigframe that the injected call leaves through. rt_sigreturn does not look at the place
// of siginfo_t, so that is where async_preempt has its own words. Records may follow that did not fit into `context`.
struct SignalFrame {
  uintptr_t record_fp;
  uintptr_t record_pc;
  uint64_t tpidr2;
  unsigned char unused[sizeof(siginfo_t) - 24];
  ucontext_t context;
};

static_assert(offsetof(SaveArea, preempted) == AREA_PREEMPTED);
static_assert(offsetof(SaveArea, has_sme) == AREA_HAS_SME);
static_assert(offsetof(SignalFrame, record_fp) == PREEMPT_RECORD_FP);
static_assert(offsetof(SignalFrame, record_pc) == PREEMPT_RECORD_PC);
static_assert(offsetof(SignalFrame, tpidr2) == PREEMPT_TPIDR2);
static_assert(offsetof(SignalFrame, context) == sizeof(siginfo_t));
static_assert(offsetof(SignalFrame, context.uc_stack) == PREEMPT_STACK);
static_assert(offsetof(SignalFrame, context.uc_sigmask) == PREEMPT_MASK);
static_assert(offsetof(SignalFrame, context.uc_mcontext.regs) == PREEMPT_X0);
static_assert(offsetof(SignalFrame, context.uc_mcontext.sp) == PREEMPT_CFA);
static_assert(offsetof(SignalFrame, context.uc_mcontext.pc) == PREEMPT_PC);
static_assert(offsetof(HeddleThread, fiber) == THREAD_FIBER);
static_assert(offsetof(HeddleThread, system) + offsetof(HeddleContext, sp) == THREAD_SYSTEM_SP);
static_assert(offsetof(HeddleThread, system_lo) == THREAD_SYSTEM_LO);
static_assert(offsetof(HeddleThread, system_hi) == THREAD_SYSTEM_HI);
static_assert(offsetof(HeddleThread, signal_lo) == THREAD_SIGNAL_LO);
static_assert(offsetof(HeddleThread, signal_hi) == THREAD_SIGNAL_HI);
static_assert(offsetof(HeddleThread, vdso_pc) == THREAD_VDSO_PC);
static_assert(offsetof(HeddleThread, vdso_sp) == THREAD_VDSO_SP);
static_assert(SYS_clock_gettime == SYSCALL_CLOCK_GETTIME && SYS_rt_sigreturn == SYSCALL_RT_SIGRETURN);
static_assert(SYS_sigaltstack == SYSCALL_SIGALTSTACK && SYS_rt_sigprocmask == SYSCALL_RT_SIGPROCMASK);

inline constexpr const char* kPortId = "linux-arm64";
inline constexpr const char* kArchitecture = "arm64";
inline constexpr const char* kVdsoClockGettime = "__kernel_clock_gettime";
inline constexpr const char* kVdsoVersion = "LINUX_2.6.39";  // vdso(7)

// The most stack that make, swap and the call of entry use together: alignment, what is left free at the top, a parked frame.
inline constexpr uint32_t kSwapFrameBytes = 16 + TOP_BYTES + SWAP_BYTES;

// What the C++ runtime keeps of exceptions per thread: a pointer and a count. Source: Itanium C++ ABI: Exception Handling, 2.2.2.
inline constexpr uint32_t kExceptionGlobalsBytes = 2 * sizeof(void*);

// Where a parked context goes on: behind the call of swap, or at the first instruction of entry.
HeddleRegisters parked_registers(const HeddleContext& context);

HeddleRegisters interrupted_registers(const ucontext_t& context);

// Rewrites the context so that async_preempt runs when the thread goes on. Negative, and nothing changed, when it cannot.
// REQUIRES: context lies in the signal frame that the kernel built, and the handler returns through it.
int32_t inject_preemption(ucontext_t& context);

// The most stack below the interrupted stack pointer that async_preempt uses before it calls the core.
uint32_t inject_bytes();

// Learns what this processor has. HEDDLE_E_UNSUPPORTED when the port cannot serve the process.
int32_t open_machine(const HeddleHost& host);

}  // namespace heddle::port

#endif
