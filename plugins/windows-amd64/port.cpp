// windows-amd64 in C++: contexts as the assembly leaves them, the injected call, exceptions that leave a call on another
// stack, and what there is of extended state to save.
#include <cpuid.h>
#include <unwind.h>

#include <cstdlib>

#include "machine.h"
#include "windows/suspended_stack.hpp"

namespace heddle::port {

SaveArea heddle_save_area;

namespace {

// The bytes that the extended state of `components` needs in XSAVE's compacted form.
// Source: Intel SDM volume 1, 13.4.3; component sizes from CPUID leaf 0xD.
uint32_t compact_bytes(uint64_t components) {
  uint32_t bytes = XSAVE_LEGACY_BYTES + XSAVE_HEADER_BYTES;
  for (uint32_t component = 2; component < 63; ++component) {
    if ((components >> component & 1) == 0) continue;
    uint32_t size = 0, offset = 0, flags = 0, unused = 0;
    __cpuid_count(0xd, component, size, offset, flags, unused);
    constexpr uint32_t kAligned = 2;
    if ((flags & kAligned) != 0) bytes = (bytes + XSAVE_ALIGNMENT - 1) / XSAVE_ALIGNMENT * XSAVE_ALIGNMENT;
    bytes += size;
  }
  return bytes;
}

// Decides how async_preempt saves the extended state on this processor.
SaveArea choose_save_area(void (*preempted)()) {
  constexpr uint32_t kOsXsave = 1u << 27, kXsavec = 1u << 1, kXgetbv1 = 1u << 2;
  constexpr uint64_t kAvx = 1u << 2;
  uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
  SaveArea area{SAVE_FXSAVE, XSAVE_LEGACY_BYTES, XSAVE_LEGACY_BYTES, 0, XSTATE_X87_SSE, 0, preempted};
  __cpuid(1, eax, ebx, ecx, edx);
  if ((ecx & kOsXsave) == 0) return area;
  asm volatile("xgetbv" : "=a"(eax), "=d"(edx) : "c"(0));
  area.all = static_cast<uint64_t>(edx) << 32 | eax;
  area.has_avx = (area.all & kAvx) != 0;
  __cpuid_count(0xd, 0, eax, ebx, ecx, edx);
  area.method = SAVE_XSAVE;
  area.lean_bytes = area.full_bytes = ebx;
  __cpuid_count(0xd, 1, eax, ebx, ecx, edx);
  if ((eax & kXsavec) == 0 || (eax & kXgetbv1) == 0) return area;
  area.method = SAVE_XSAVEC;
  area.rare = area.all & uint64_t{1} << XSTATE_TILEDATA;
  area.full_bytes = compact_bytes(area.all);
  area.lean_bytes = compact_bytes(area.all & ~area.rare);
  return area;
}

// A shadow stack (CET) holds the return addresses a second time, and neither a switch nor an injected call keeps to it.
// True when the thread has one: the port cannot serve its process. Where there is none, rdsspq does nothing.
bool has_shadow_stack() {
  uint64_t shadow_sp = 0;
  asm volatile("rdsspq %0" : "+r"(shadow_sp));
  return shadow_sp != 0;
}

// Whether the code that stands in `context` can be interrupted there at all.
bool can_interrupt(const CONTEXT& context) {
  constexpr uint16_t kUserCode64 = 0x33;  // the selector of 64-bit user code; 0x23 is code of WOW64
  constexpr uint32_t kTrapFlag = 1u << 8;
  // The kernel is about to take the registers elsewhere: to an exception's handler, or back from a system call.
  constexpr uint32_t kInKernel = CONTEXT_EXCEPTION_ACTIVE | CONTEXT_SERVICE_ACTIVE;
  if (context.SegCs != kUserCode64 || (context.EFlags & kTrapFlag) != 0) return false;
  return (context.ContextFlags & CONTEXT_EXCEPTION_REPORTING) == 0 || (context.ContextFlags & kInKernel) == 0;
}

}  // namespace

HeddleRegisters parked_registers(const HeddleContext& context) {
  const auto sp = reinterpret_cast<uintptr_t>(context.sp);
  const auto word = [sp](int offset) { return *reinterpret_cast<const uintptr_t*>(sp + offset); };
  const uintptr_t pc = word(SWAP_PC);
  const auto fresh = reinterpret_cast<uintptr_t>(&heddle_context_entry) + ENTRY_SKIP;
  if (pc == fresh) return {word(SWAP_RBX), sp + SWAP_BYTES - 8, 0};
  return {pc, sp + SWAP_BYTES, word(SWAP_RBP)};
}

HeddleStackBounds* parked_bounds(const HeddleContext& context) {
  return reinterpret_cast<HeddleStackBounds*>(static_cast<char*>(context.sp) + SWAP_BOUNDS);
}

HeddleRegisters interrupted_registers(const CONTEXT& context) {
  return {context.Rip, context.Rsp, context.Rbp};
}

uintptr_t stack_allocation() {
  uintptr_t lowest = 0;
  asm volatile("movq %%gs:%c1, %0" : "=r"(lowest) : "i"(TEB_DEALLOCATION_STACK));
  return lowest;
}

// The system's code has unwind information here.
void call_interrupted(const CONTEXT&, void* (*function)(void*), void* argument) {
  function(argument);
}

int32_t inject_preemption(CONTEXT& context) {
  if (!can_interrupt(context)) return HEDDLE_E_UNSUPPORTED;
  const uintptr_t sp = context.Rsp - sizeof(MachineFrame);
  const MachineFrame frame{context.Rip, context.SegCs, context.EFlags, context.Rsp, context.SegSs};
  if (!store_on_suspended_stack(sp, &frame, sizeof frame)) return HEDDLE_E_UNSUPPORTED;
  context.Rsp = sp;
  context.Rip = reinterpret_cast<uintptr_t>(&heddle_async_preempt);
  return HEDDLE_OK;
}

uint32_t inject_bytes() {
  return PREEMPT_CFA + XSAVE_ALIGNMENT + heddle_save_area.full_bytes + HOME_BYTES + 8;
}

int32_t open_machine(const HeddleHost& host) {
  if (has_shadow_stack()) {
    host.log(HEDDLE_LOG_ERROR,
             "windows-amd64: this process runs with a CET shadow stack, which fibers cannot switch; start it without: "
             "\"Hardware-enforced Stack Protection\" in the exploit protection of the program");
    return HEDDLE_E_UNSUPPORTED;
  }
  heddle_save_area = choose_save_area(host.preempted);
  return HEDDLE_OK;
}

}  // namespace heddle::port

extern "C" {
extern const char heddle_call_landing[];

// The handler of heddle_call_through (call.S): an exception has found no handler on the other stack.
//
// A C++ exception goes on on the caller's stack. Phase 2 of its unwinding starts as GCC's own handler starts it where a
// catch clause is: the frame, the place in it and a register go into the exception object, from which _Unwind_Resume goes on
// behind each destructor. Any other exception ends here, as at the bottom of a thread: at the place where it was raised the
// program's unhandled-exception filter still sees it as it was, and a debugger or a crash dump all frames.
EXCEPTION_DISPOSITION heddle_call_handler(EXCEPTION_RECORD* record, void* frame, CONTEXT* context, void* dispatcher) {
  if (record->ExceptionCode != STATUS_GCC_THROW) return heddle_last_handler(record, frame, context, dispatcher);
  const auto landing = reinterpret_cast<uintptr_t>(heddle_call_landing);
  auto* object = reinterpret_cast<_Unwind_Exception*>(record->ExceptionInformation[0]);
  object->private_[1] = record->ExceptionInformation[1] = reinterpret_cast<uintptr_t>(frame);
  object->private_[2] = record->ExceptionInformation[2] = landing;
  object->private_[3] = record->ExceptionInformation[3] = 0;
  record->NumberParameters = 4;
  RtlUnwindEx(frame, reinterpret_cast<void*>(landing), record, object, context,
              static_cast<DISPATCHER_CONTEXT*>(dispatcher)->HistoryTable);
  abort();
}

// Nobody has caught the exception: the stack that it was thrown on is gone, so the throw cannot return to the C++ runtime
// for its std::terminate. The runtime does the same when it is told that the exception's way ended.
[[noreturn]] void heddle_call_uncaught(_Unwind_Exception* object) {
  if (object->exception_cleanup != nullptr) object->exception_cleanup(_URC_END_OF_STACK, object);
  abort();
}
}
