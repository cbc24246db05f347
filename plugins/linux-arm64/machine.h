// linux-arm64 for its own C++, its assembly and plugins/common/linux: names, sizes, the copy of the signal frame.
// Each Linux port has a machine.h with the same names; common/linux asks nothing else about the processor. What all of them
// declare alike is in linux/seam.hpp.
#ifndef HEDDLE_LINUX_ARM64_MACHINE_H
#define HEDDLE_LINUX_ARM64_MACHINE_H

#include <signal.h>
#include <sys/syscall.h>
#include <ucontext.h>

#include <cstddef>
#include <cstdint>

#include "frame.h"
#include "linux/seam.hpp"

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

// TlsProvider::stack_limit.
inline constexpr uintptr_t* (*kStackLimit)() = nullptr;

}  // namespace heddle::port

#endif
