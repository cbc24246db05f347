// linux-arm for its own C++, its assembly and plugins/common/linux: names, sizes, the copy of the signal frame.
// Each Linux port has a machine.h with the same names; common/linux asks nothing else about the processor. What all of them
// declare alike is in linux/seam.hpp.
#ifndef HEDDLE_LINUX_ARM_MACHINE_H
#define HEDDLE_LINUX_ARM_MACHINE_H

#include <sys/syscall.h>
#include <ucontext.h>

#include <cstddef>
#include <cstdint>

#include "frame.h"
#include "linux/seam.hpp"

// preempt.S
extern "C" HEDDLE_HIDDEN void (*heddle_preempted)();  // HeddleHost::preempted

namespace heddle::port {

// The registers of interrupted code, as the unwind table of heddle_call_interrupted has them.
struct InterruptedFrame {
  uintptr_t return_pc;
  unsigned long registers[15];  // r0 to r14
};

static_assert(sizeof(InterruptedFrame) == INTERRUPTED_BYTES && offsetof(InterruptedFrame, return_pc) == 0);

// call.S: port.cpp's call_interrupted. The frame is copied.
extern "C" HEDDLE_HIDDEN void heddle_call_interrupted(const InterruptedFrame* frame, void* (*function)(void*), void* argument);

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

// TlsProvider::stack_limit.
inline constexpr uintptr_t* (*kStackLimit)() = nullptr;

}  // namespace heddle::port

#endif
