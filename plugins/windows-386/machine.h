// windows-386 for its own C++, its assembly and plugins/common/windows: names, sizes, what its assembly reads.
// Each Windows port has a machine.h with the same names; common/windows asks nothing else about the processor. What both of them
// declare alike is in windows/seam.hpp.
#ifndef HEDDLE_WINDOWS_386_MACHINE_H
#define HEDDLE_WINDOWS_386_MACHINE_H

#include <windows.h>

#include <cstddef>
#include <cstdint>

#include "frame.h"
#include "windows/seam.hpp"

namespace heddle::port {

// What preempt.S reads; frame.h has the offsets.
struct SaveArea {
  uint32_t method;
  uint32_t bytes;
  uint32_t has_avx;
  uint64_t all;
  void(HEDDLE_CALL* preempted)();
};

static_assert(offsetof(SaveArea, method) == AREA_METHOD);
static_assert(offsetof(SaveArea, bytes) == AREA_BYTES);
static_assert(offsetof(SaveArea, has_avx) == AREA_HAS_AVX);
static_assert(offsetof(SaveArea, all) == AREA_ALL_LO && AREA_ALL_HI == AREA_ALL_LO + 4);
static_assert(offsetof(SaveArea, preempted) == AREA_PREEMPTED);
static_assert(PREEMPT_CFA == PREEMPT_PC + PREEMPT_MACHINE_BYTES && PREEMPT_AREA == -PREEMPT_SAVED_BYTES);
static_assert(SWAP_BASE == SWAP_BOUNDS + BOUNDS_BASE && SWAP_LIMIT == SWAP_BOUNDS + BOUNDS_LIMIT &&
              SWAP_ALLOCATION == SWAP_BOUNDS + BOUNDS_ALLOCATION);
static_assert(sizeof(EXCEPTION_REGISTRATION_RECORD) == RECORDS_FINAL_NEXT && ROOT_RECORD + RECORDS_BYTES == ROOT_BYTES);
static_assert(offsetof(EXCEPTION_REGISTRATION_RECORD, Next) == RECORDS_NEXT);
static_assert(offsetof(EXCEPTION_REGISTRATION_RECORD, Handler) == RECORDS_HANDLER);
static_assert(ROOT_BYTES % 16 == 0 && RECORDS_BYTES % 16 == 0);
static_assert(offsetof(NT_TIB, ExceptionList) == TEB_EXCEPTION_LIST);
static_assert(offsetof(CONTEXT, Edi) == CONTEXT_EDI && offsetof(CONTEXT, Esi) == CONTEXT_ESI &&
              offsetof(CONTEXT, Ebx) == CONTEXT_EBX);
static_assert(offsetof(CONTEXT, Ebp) == CONTEXT_EBP && offsetof(CONTEXT, Eip) == CONTEXT_EIP &&
              offsetof(CONTEXT, Esp) == CONTEXT_ESP);
static_assert(offsetof(HeddleProcedureCall, result) == PROCEDURE_RESULT && HEDDLE_PROCEDURE_FLOAT == PROCEDURE_RESULT_FLOAT);
static_assert(HEDDLE_PROCEDURE_INTEGER < HEDDLE_PROCEDURE_FLOAT && HEDDLE_PROCEDURE_DOUBLE > HEDDLE_PROCEDURE_FLOAT);

inline constexpr const char* kPortId = "windows-386";
inline constexpr const char* kArchitecture = "386";

// The most stack that make, swap and the call of entry use together: alignment, what make puts there, entry's return address, a
// parked frame.
inline constexpr uint32_t kSwapFrameBytes = (16 + ROOT_BYTES + 4 + SWAP_BYTES + 15) / 16 * 16;

// What the C++ runtime keeps of exceptions per thread: a pointer and a count. Source: Itanium C++ ABI: Exception Handling, 2.2.2.
inline constexpr uint32_t kExceptionGlobalsBytes = 2 * sizeof(void*);

extern "C" {
extern SaveArea heddle_save_area;
extern void* heddle_final_handler;  // with which the exception chain of every thread ends

// call.S: where an exception goes on that leaves the function of heddle_call_on
void heddle_call_landing();
// call.S: port.cpp's call_interrupted
void heddle_call_interrupted(const CONTEXT* context, void* (*function)(void*), void* argument);
}

// What a system call enters the kernel by.
inline constexpr SystemCallEntry kSystemCallEntries[] = {
    {2, {0xff, 0xd2}},                                // call edx: WOW64 of Windows 10, and Wine's
    {7, {0x64, 0xff, 0x15, 0xc0, 0x00, 0x00, 0x00}},  // call fs:[c0]: older WOW64
    {2, {0x0f, 0x34}},                                // sysenter
};

}  // namespace heddle::port

#endif
