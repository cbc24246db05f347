// linux-amd64 for its own C++, its assembly and plugins/common/linux: names, sizes, what preempt.S reads.
// Each Linux port has a machine.h with the same names; common/linux asks nothing else about the processor. What all of them
// declare alike is in linux/seam.hpp.
#ifndef HEDDLE_LINUX_AMD64_MACHINE_H
#define HEDDLE_LINUX_AMD64_MACHINE_H

#include <sys/syscall.h>
#include <ucontext.h>

#include <cstddef>
#include <cstdint>

#include "frame.h"
#include "linux/seam.hpp"

namespace heddle::port {

// What preempt.S reads; frame.h has the offsets.
struct SaveArea {
  uint32_t method;
  uint32_t lean_bytes;
  uint32_t full_bytes;
  uint32_t has_avx;
  uint64_t all;
  uint64_t rare;
  void (*preempted)();
};
extern "C" HEDDLE_HIDDEN SaveArea heddle_save_area;
extern "C" HEDDLE_HIDDEN uintptr_t* heddle_tls_stack_limit();  // tls.S

static_assert(offsetof(SaveArea, method) == AREA_METHOD);
static_assert(offsetof(SaveArea, lean_bytes) == AREA_LEAN_BYTES);
static_assert(offsetof(SaveArea, full_bytes) == AREA_FULL_BYTES);
static_assert(offsetof(SaveArea, has_avx) == AREA_HAS_AVX);
static_assert(offsetof(SaveArea, all) == AREA_ALL_LO && AREA_ALL_HI == AREA_ALL_LO + 4);
static_assert(offsetof(SaveArea, rare) == AREA_RARE_LO);
static_assert(offsetof(SaveArea, preempted) == AREA_PREEMPTED);
static_assert(SYS_clock_gettime == SYSCALL_CLOCK_GETTIME);
static_assert(PREEMPT_CFA == PREEMPT_PC + 8 + RED_ZONE && PREEMPT_AREA == -PREEMPT_SAVED_BYTES);

inline constexpr const char* kPortId = "linux-amd64";
inline constexpr const char* kArchitecture = "amd64";
inline constexpr const char* kVdsoClockGettime = "__vdso_clock_gettime";
inline constexpr const char* kVdsoVersion = "LINUX_2.6";  // vdso(7)

// The most stack that make, swap and the call of entry use together: alignment, entry's return address, a parked frame.
inline constexpr uint32_t kSwapFrameBytes = (16 + 8 + SWAP_BYTES + 15) / 16 * 16;

// What the C++ runtime keeps of exceptions per thread: a pointer and a count. Source: Itanium C++ ABI: Exception Handling, 2.2.2.
inline constexpr uint32_t kExceptionGlobalsBytes = 2 * sizeof(void*);

// TlsProvider::stack_limit.
inline constexpr uintptr_t* (*kStackLimit)() = heddle_tls_stack_limit;

}  // namespace heddle::port

#endif
