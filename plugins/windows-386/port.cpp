// windows-386 in C++: contexts as the assembly leaves them, the injected call, what there is of extended state to save, and how
// exceptions leave a call on another stack.
#include <cpuid.h>
#include <unwind.h>

#include <algorithm>

#include "machine.h"
#include "windows/suspended_stack.hpp"

namespace heddle::port {

SaveArea heddle_save_area;
void* heddle_final_handler;

namespace {

// Components of the extended state that only 64-bit code reaches: ZMM16 to ZMM31, AMX's configuration and tiles, R16 to R31.
// Source: Intel SDM volume 1, 13.1, and what XSAVE does outside of 64-bit mode, 13.7.
constexpr uint64_t kOnly64Bit = uint64_t{1} << 7 | uint64_t{1} << 17 | uint64_t{1} << 18 | uint64_t{1} << 19;

struct Component {
  uint32_t bytes;
  uint32_t offset;  // in the standard form
  bool aligned;     // in the compacted form
};

// Source: CPUID leaf 0xD.
Component component_of(uint32_t index) {
  uint32_t bytes = 0, offset = 0, flags = 0, unused = 0;
  __cpuid_count(0xd, index, bytes, offset, flags, unused);
  constexpr uint32_t kAligned = 2;
  return {bytes, offset, (flags & kAligned) != 0};
}

// The bytes that the extended state of `components` needs. Source: Intel SDM volume 1, 13.4.2 and 13.4.3.
uint32_t area_bytes(uint64_t components, bool compacted) {
  uint32_t bytes = XSAVE_LEGACY_BYTES + XSAVE_HEADER_BYTES;
  for (uint32_t index = 2; index < 63; ++index) {
    if ((components >> index & 1) == 0) continue;
    const Component component = component_of(index);
    if (!compacted) {
      bytes = std::max(bytes, component.offset + component.bytes);
      continue;
    }
    if (component.aligned) bytes = (bytes + XSAVE_ALIGNMENT - 1) / XSAVE_ALIGNMENT * XSAVE_ALIGNMENT;
    bytes += component.bytes;
  }
  return bytes;
}

// Decides how async_preempt saves the extended state on this processor.
SaveArea choose_save_area(void(HEDDLE_CALL* preempted)()) {
  constexpr uint32_t kOsXsave = 1u << 27, kXsavec = 1u << 1;
  constexpr uint64_t kAvx = 1u << 2;
  uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
  SaveArea area{SAVE_FXSAVE, XSAVE_LEGACY_BYTES, 0, XSTATE_X87_SSE, preempted};
  __cpuid(1, eax, ebx, ecx, edx);
  if ((ecx & kOsXsave) == 0) return area;
  asm volatile("xgetbv" : "=a"(eax), "=d"(edx) : "c"(0));
  area.all = (static_cast<uint64_t>(edx) << 32 | eax) & ~kOnly64Bit;
  area.has_avx = (area.all & kAvx) != 0;
  __cpuid_count(0xd, 1, eax, ebx, ecx, edx);
  area.method = (eax & kXsavec) != 0 ? SAVE_XSAVEC : SAVE_XSAVE;
  area.bytes = area_bytes(area.all, area.method == SAVE_XSAVEC);
  return area;
}

bool has_sse2() {
  constexpr uint32_t kFxsave = 1u << 24, kSse = 1u << 25, kSse2 = 1u << 26, kAll = kFxsave | kSse | kSse2;
  uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
  return __get_cpuid(1, &eax, &ebx, &ecx, &edx) != 0 && (edx & kAll) == kAll;
}

// The handler of the last record of this thread's exception chain, heddle_last_handler where it has none.
void* last_handler_of_chain() {
  const EXCEPTION_REGISTRATION_RECORD* record = nullptr;
  asm volatile("movl %%fs:%c1, %0" : "=r"(record) : "i"(TEB_EXCEPTION_LIST));
  const auto end = reinterpret_cast<const EXCEPTION_REGISTRATION_RECORD*>(EXCEPTION_LIST_END);
  if (record == end) return reinterpret_cast<void*>(&heddle_last_handler);
  while (record->Next != end) record = record->Next;
  return reinterpret_cast<void*>(record->Handler);
}

// The selector of this code: 0x23 on a 64-bit system, 0x1b on a 32-bit one.
DWORD code_segment() {
  DWORD segment = 0;
  asm("movl %%cs, %0" : "=r"(segment));
  return segment & 0xffff;
}

// Nobody may go on elsewhere with a context that the kernel is at work on, or that is not the code's own.
bool is_at_rest(const CONTEXT& context) {
  constexpr DWORD kReporting = 0x80000000, kExceptionActive = 0x08000000, kServiceActive = 0x10000000;  // CONTEXT_*, winnt.h
  constexpr DWORD kTrap = 0x100;                                                                        // EFLAGS.TF
  const bool in_kernel = (context.ContextFlags & kReporting) != 0 &&
                         (context.ContextFlags & (kExceptionActive | kServiceActive)) != 0;
  return !in_kernel && (context.SegCs & 0xffff) == code_segment() && (context.EFlags & kTrap) == 0;
}

}  // namespace

HeddleRegisters parked_registers(const HeddleContext& context) {
  const auto sp = reinterpret_cast<uintptr_t>(context.sp);
  const auto word = [sp](int offset) { return *reinterpret_cast<const uintptr_t*>(sp + offset); };
  const uintptr_t pc = word(SWAP_PC);
  const auto fresh = reinterpret_cast<uintptr_t>(&heddle_context_entry) + ENTRY_SKIP;
  if (pc == fresh) return {word(SWAP_EBX), sp + SWAP_BYTES - 4, 0};
  return {pc, sp + SWAP_BYTES, word(SWAP_EBP)};
}

HeddleStackBounds* parked_bounds(const HeddleContext& context) {
  return reinterpret_cast<HeddleStackBounds*>(static_cast<char*>(context.sp) + SWAP_BOUNDS);
}

HeddleRegisters interrupted_registers(const CONTEXT& context) {
  return {context.Eip, context.Esp, context.Ebp};
}

uintptr_t stack_allocation() {
  uintptr_t lowest = 0;
  asm volatile("movl %%fs:%c1, %0" : "=r"(lowest) : "i"(TEB_DEALLOCATION_STACK));
  return lowest;
}

void call_interrupted(const CONTEXT& context, void* (*function)(void*), void* argument) {
  heddle_call_interrupted(&context, function, argument);
}

int32_t inject_preemption(CONTEXT& context) {
  // What a function may not find set: string instructions go upwards, misaligned data are read, and iret returns to its own task.
  constexpr DWORD kDirection = 0x400, kNestedTask = 0x4000, kAlignmentCheck = 0x40000;
  if (!is_at_rest(context)) return HEDDLE_E_UNSUPPORTED;
  const DWORD sp = context.Esp - PREEMPT_MACHINE_BYTES;
  const DWORD frame[] = {context.Eip, context.SegCs & 0xffff, context.EFlags};
  static_assert(sizeof frame == PREEMPT_MACHINE_BYTES);
  if (!store_on_suspended_stack(sp, frame, sizeof frame)) return HEDDLE_E_UNSUPPORTED;
  context.Esp = sp;
  context.Eip = reinterpret_cast<DWORD>(&heddle_async_preempt);
  context.EFlags &= ~(kDirection | kNestedTask | kAlignmentCheck);
  return HEDDLE_OK;
}

uint32_t inject_bytes() {
  return PREEMPT_CFA + PREEMPT_SAVED_BYTES + XSAVE_ALIGNMENT + heddle_save_area.bytes + 4;
}

int32_t open_machine(const HeddleHost& host) {
  if (!has_sse2()) {
    host.log(HEDDLE_LOG_ERROR, "windows-386: this processor has no SSE2, which Windows 10 and this port need");
    return HEDDLE_E_UNSUPPORTED;
  }
  heddle_save_area = choose_save_area(host.preempted);
  heddle_final_handler = last_handler_of_chain();
  return HEDDLE_OK;
}

// The personality routine of heddle_call_on. An exception on its way out of the function stops here, as at a destructor, and
// heddle_call_landing sends it on from the caller's stack.
extern "C" _Unwind_Reason_Code heddle_call_personality(int /*version*/, _Unwind_Action actions, _Unwind_Exception_Class /*kind*/,
                                                       _Unwind_Exception* exception, _Unwind_Context* context) {
  if ((actions & _UA_CLEANUP_PHASE) == 0) return _URC_CONTINUE_UNWIND;
  _Unwind_SetGR(context, __builtin_eh_return_data_regno(0), reinterpret_cast<_Unwind_Word>(exception));
  _Unwind_SetIP(context, reinterpret_cast<_Unwind_Ptr>(&heddle_call_landing));
  return _URC_INSTALL_CONTEXT;
}

}  // namespace heddle::port
