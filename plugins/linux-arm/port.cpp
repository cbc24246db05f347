// linux-arm in C++: contexts as the assembly leaves them, and the injected call.
#include <cstring>

#include "machine.h"

void (*heddle_preempted)() = nullptr;

// Unwind tables name their personality routine by number, and the unwinder has it; assembler and compiler still ask
// the linker for these two symbols. Defined here they keep libgcc_s out of what the port needs, as they do in the C
// library.
extern "C" {
HEDDLE_HIDDEN void __aeabi_unwind_cpp_pr0() {}
HEDDLE_HIDDEN void __aeabi_unwind_cpp_pr1() {}
}

namespace heddle::port {
namespace {

// uc_regspace holds records one after the other, each with its name and size first; name 0 ends them. Which there are
// before this one is up to the kernel. Source: struct aux_sigframe, arch/arm/include/asm/ucontext.h.
struct VfpRecord {
  static constexpr uint32_t kMagic = 0x56465001;
  uint32_t magic;
  uint32_t size;
  uint64_t registers[32];
  uint32_t fpscr;
};

// Null when the kernel has saved none.
VfpRecord* find_vfp(ucontext_t& context) {
  auto* at = reinterpret_cast<char*>(context.uc_regspace);
  auto left = static_cast<uint32_t>(sizeof context.uc_regspace);
  while (left >= sizeof(VfpRecord)) {
    auto* record = reinterpret_cast<VfpRecord*>(at);
    if (record->magic == VfpRecord::kMagic) return record->size >= sizeof(VfpRecord) ? record : nullptr;
    if (record->magic == 0 || record->size == 0 || record->size % 8 != 0 || record->size > left) return nullptr;
    at += record->size;
    left -= record->size;
  }
  return nullptr;
}

// CPSR for the first instruction of a function, whatever the interrupted code was in the middle of.
unsigned long entry_state(unsigned long cpsr, uintptr_t function) {
  constexpr unsigned long kThumb = 1u << 5, kBigEndian = 1u << 9, kJazelle = 1u << 24;
  constexpr unsigned long kIfThen = 0x3fu << 10 | 3u << 25;
  cpsr &= ~(kThumb | kBigEndian | kJazelle | kIfThen);
  return (function & 1) != 0 ? cpsr | kThumb : cpsr;
}

}  // namespace

HeddleRegisters parked_registers(const HeddleContext& context) {
  const auto sp = reinterpret_cast<uintptr_t>(context.sp);
  const auto word = [sp](int offset) { return *reinterpret_cast<const uintptr_t*>(sp + offset); };
  const uintptr_t pc = word(SWAP_PC);
  const auto fresh = reinterpret_cast<uintptr_t>(&heddle_context_entry) + ENTRY_SKIP;
  if (pc == fresh) return {word(SWAP_R4), sp + SWAP_BYTES, 0};
  return {pc, sp + SWAP_BYTES, word(SWAP_R11)};
}

HeddleRegisters interrupted_registers(const ucontext_t& context) {
  const auto& registers = context.uc_mcontext;
  return {registers.arm_pc, registers.arm_sp, registers.arm_fp};
}

// The tables of the EHABI cannot say where the kernel has left the registers.
void call_interrupted(const ucontext_t& context, void* (*function)(void*), void* argument) {
  InterruptedFrame frame;
  frame.return_pc = context.uc_mcontext.arm_pc + 2;  // a call's, as unwinders want it
  const auto* from = reinterpret_cast<const char*>(&context) + offsetof(ucontext_t, uc_mcontext.arm_r0);
  memcpy(frame.registers, from, sizeof frame.registers);
  heddle_call_interrupted(&frame, function, argument);
}

int32_t inject_preemption(ucontext_t& context) {
  // From here up is the kernel's page of helpers, which it restarts when they are interrupted. Source:
  // arch/arm/kernel/entry-armv.S.
  constexpr uintptr_t kKernelHelpers = 0xffff0000;
  auto& registers = context.uc_mcontext;
  VfpRecord* vfp = find_vfp(context);
  if (registers.arm_pc >= kKernelHelpers || vfp == nullptr) return HEDDLE_E_UNSUPPORTED;
  const uintptr_t copy = (registers.arm_sp - sizeof(SignalFrame)) & ~uintptr_t{7};
  auto& frame = *reinterpret_cast<SignalFrame*>(copy);
  memcpy(&frame.context, &context, sizeof context);
  frame.return_pc = registers.arm_pc + 2;
  const auto target = reinterpret_cast<uintptr_t>(&heddle_async_preempt);
  registers.arm_sp = copy;
  registers.arm_pc = target & ~uintptr_t{1};
  registers.arm_cpsr = entry_state(registers.arm_cpsr, target);
  // At a call, vector length and stride are zero: AAPCS32, "VFP and Advanced SIMD registers".
  constexpr uint32_t kLengthAndStride = 0x00370000;
  vfp->fpscr &= ~kLengthAndStride;
  return HEDDLE_OK;
}

uint32_t inject_bytes() {
  constexpr uint32_t kAlignment = 8;
  return PREEMPT_BYTES + kAlignment;
}

int32_t open_machine(const HeddleHost& host) {
  heddle_preempted = host.preempted;
  return HEDDLE_OK;
}

}  // namespace heddle::port
