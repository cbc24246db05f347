// linux-amd64 in C++: contexts as the assembly leaves them, the injected call, and what there is of extended state to save.
#include <cpuid.h>
#include <unistd.h>

#include "machine.h"

#if HEDDLE_VALGRIND
#include <valgrind/memcheck.h>
#endif

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

// A CET shadow stack holds the return addresses a second time, and neither a switch nor an injected call keeps to it.
// True when the process has one: the port cannot serve it. Source: Documentation/arch/x86/shstk.rst.
bool has_shadow_stack() {
  constexpr int kArchShstkStatus = 0x5005;
  uint64_t features = 0;
  return syscall(SYS_arch_prctl, kArchShstkStatus, &features) == 0 && (features & 1) != 0;
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

HeddleRegisters interrupted_registers(const ucontext_t& context) {
  const auto& registers = context.uc_mcontext.gregs;
  return {static_cast<uintptr_t>(registers[REG_RIP]), static_cast<uintptr_t>(registers[REG_RSP]),
          static_cast<uintptr_t>(registers[REG_RBP])};
}

void call_interrupted(const ucontext_t&, void* (*function)(void*), void* argument) {
  function(argument);
}

int32_t inject_preemption(ucontext_t& context) {
  constexpr greg_t kUserCode32 = 0x23;  // the selector of 32-bit user code, arch/x86/include/asm/segment.h
  auto& registers = context.uc_mcontext.gregs;
  if ((registers[REG_CSGSFS] & 0xffff) == kUserCode32) return HEDDLE_E_UNSUPPORTED;
  const greg_t sp = registers[REG_RSP] - RED_ZONE - static_cast<greg_t>(sizeof(greg_t));
#if HEDDLE_VALGRIND
  // memcheck learns that a stack has grown from the instructions that do it.
  VALGRIND_MAKE_MEM_UNDEFINED(sp - RED_ZONE, RED_ZONE + sizeof(greg_t));
#endif
  *reinterpret_cast<greg_t*>(sp) = registers[REG_RIP];
  registers[REG_RSP] = sp;
  registers[REG_RIP] = reinterpret_cast<greg_t>(&heddle_async_preempt);
  return HEDDLE_OK;
}

uint32_t inject_bytes() {
  return PREEMPT_CFA + PREEMPT_SAVED_BYTES + XSAVE_ALIGNMENT + heddle_save_area.full_bytes + 8;
}

int32_t open_machine(const HeddleHost& host) {
  if (has_shadow_stack()) {
    host.log(
        HEDDLE_LOG_ERROR,
        "linux-amd64: this process runs with a CET shadow stack, which fibers cannot switch; start it without, for "
        "example with GLIBC_TUNABLES=glibc.cpu.x86_shstk=off");
    return HEDDLE_E_UNSUPPORTED;
  }
  heddle_save_area = choose_save_area(host.preempted);
  return HEDDLE_OK;
}

}  // namespace heddle::port
