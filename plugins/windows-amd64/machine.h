// windows-amd64 for its own C++, its assembly and plugins/common/windows: names, sizes, what the assembly reads. Each
// Windows port has a machine.h with the same names; common/windows asks nothing else about the processor. What all of them
// declare alike is in windows/seam.hpp.
#ifndef HEDDLE_WINDOWS_AMD64_MACHINE_H
#define HEDDLE_WINDOWS_AMD64_MACHINE_H

#include <cstddef>
#include <cstdint>

#include "frame.h"
#include "windows/seam.hpp"

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
extern "C" SaveArea heddle_save_area;

// What inject puts below the interrupted stack pointer, and iretq takes off again.
struct MachineFrame {
  uint64_t pc;
  uint64_t cs;
  uint64_t flags;
  uint64_t sp;
  uint64_t ss;
};

static_assert(offsetof(SaveArea, method) == AREA_METHOD);
static_assert(offsetof(SaveArea, lean_bytes) == AREA_LEAN_BYTES);
static_assert(offsetof(SaveArea, full_bytes) == AREA_FULL_BYTES);
static_assert(offsetof(SaveArea, has_avx) == AREA_HAS_AVX);
static_assert(offsetof(SaveArea, all) == AREA_ALL_LO && AREA_ALL_HI == AREA_ALL_LO + 4);
static_assert(offsetof(SaveArea, rare) == AREA_RARE_LO);
static_assert(offsetof(SaveArea, preempted) == AREA_PREEMPTED);
static_assert(PREEMPT_CS == PREEMPT_PC + offsetof(MachineFrame, cs) &&
              PREEMPT_FLAGS == PREEMPT_PC + offsetof(MachineFrame, flags));
static_assert(PREEMPT_RSP == PREEMPT_PC + offsetof(MachineFrame, sp) && PREEMPT_SS == PREEMPT_PC + offsetof(MachineFrame, ss));
static_assert(PREEMPT_CFA == PREEMPT_PC + sizeof(MachineFrame) && PREEMPT_RBP == PREEMPT_SAVED_BYTES);
static_assert(SWAP_BASE == SWAP_BOUNDS + BOUNDS_BASE && SWAP_LIMIT == SWAP_BOUNDS + BOUNDS_LIMIT &&
              SWAP_ALLOCATION == SWAP_BOUNDS + BOUNDS_ALLOCATION);
// movaps: entry's caller calls swap with an aligned stack, so the frame is aligned when its return address lies 8 bytes off.
static_assert(SWAP_PC % 16 == 8 && ENTRY_BYTES % 16 == 0);

inline constexpr const char* kPortId = "windows-amd64";
inline constexpr const char* kArchitecture = "amd64";

// The most stack that make, swap and the call of entry use together: alignment, the trampoline's frame, entry's return
// address and the home space of its call, a parked frame.
inline constexpr uint32_t kSwapFrameBytes = (16 + ENTRY_BYTES + 8 + HOME_BYTES + SWAP_BYTES + 15) / 16 * 16;

// What the C++ runtime keeps of exceptions per thread: a pointer and a count. Source: Itanium C++ ABI: Exception Handling,
// 2.2.2.
inline constexpr uint32_t kExceptionGlobalsBytes = 2 * sizeof(void*);

// What a system call enters the kernel by.
inline constexpr SystemCallEntry kSystemCallEntries[] = {
    {2, {0x0f, 0x05}},                                // syscall
    {2, {0xcd, 0x2e}},                                // int 2e, of virtual machines
    {7, {0xff, 0x14, 0x25, 0x00, 0x10, 0xfe, 0x7f}},  // call [7ffe1000], Wine's
};

}  // namespace heddle::port

#endif
