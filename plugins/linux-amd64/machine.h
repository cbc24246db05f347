// The seam between what every Linux port shares (plugins/common/linux) and this processor: the labels of the .S files, the
// interrupted registers in a ucontext_t, the injected call, and how much of the processor's state there is to save.
// Each Linux port has a machine.h with the same names; common/linux asks nothing else about the processor.
#ifndef HEDDLE_LINUX_AMD64_MACHINE_H
#define HEDDLE_LINUX_AMD64_MACHINE_H

#include <cpuid.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

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
  uint32_t method;
  uint32_t lean_bytes;
  uint32_t full_bytes;
  uint32_t has_avx;
  uint64_t all;
  uint64_t rare;
  void (*preempted)();
};
extern "C" HEDDLE_HIDDEN SaveArea heddle_save_area;

static_assert(offsetof(SaveArea, method) == AREA_METHOD);
static_assert(offsetof(SaveArea, lean_bytes) == AREA_LEAN_BYTES);
static_assert(offsetof(SaveArea, full_bytes) == AREA_FULL_BYTES);
static_assert(offsetof(SaveArea, has_avx) == AREA_HAS_AVX);
static_assert(offsetof(SaveArea, all) == AREA_ALL_LO && AREA_ALL_HI == AREA_ALL_LO + 4);
static_assert(offsetof(SaveArea, rare) == AREA_RARE_LO);
static_assert(offsetof(SaveArea, preempted) == AREA_PREEMPTED);
static_assert(offsetof(HeddleThread, fiber) == THREAD_FIBER);
static_assert(offsetof(HeddleThread, system) + offsetof(HeddleContext, sp) == THREAD_SYSTEM_SP);
static_assert(offsetof(HeddleThread, system_lo) == THREAD_SYSTEM_LO);
static_assert(offsetof(HeddleThread, system_hi) == THREAD_SYSTEM_HI);
static_assert(offsetof(HeddleThread, signal_lo) == THREAD_SIGNAL_LO);
static_assert(offsetof(HeddleThread, signal_hi) == THREAD_SIGNAL_HI);
static_assert(offsetof(HeddleThread, vdso_pc) == THREAD_VDSO_PC);
static_assert(offsetof(HeddleThread, vdso_sp) == THREAD_VDSO_SP);
static_assert(SYS_clock_gettime == SYSCALL_CLOCK_GETTIME);
static_assert(PREEMPT_CFA == PREEMPT_PC + 8 + RED_ZONE && PREEMPT_AREA == -PREEMPT_SAVED_BYTES);

inline constexpr const char* kArchitecture = "amd64";
inline constexpr const char* kVdsoClockGettime = "__vdso_clock_gettime";
inline constexpr const char* kVdsoVersion = "LINUX_2.6";  // vdso(7)

// The most stack that make, swap and the call of entry use together: alignment, entry's return address, a parked frame.
inline constexpr uint32_t kSwapFrameBytes = (16 + 8 + SWAP_BYTES + 15) / 16 * 16;

// Where a parked context goes on: behind the call of swap, or at the first instruction of entry.
inline HeddleRegisters parked_registers(const HeddleContext& context) {
  const auto sp = reinterpret_cast<uintptr_t>(context.sp);
  const auto word = [sp](int offset) { return *reinterpret_cast<const uintptr_t*>(sp + offset); };
  const uintptr_t pc = word(SWAP_PC);
  const auto fresh = reinterpret_cast<uintptr_t>(&heddle_context_entry) + ENTRY_SKIP;
  if (pc == fresh) return {word(SWAP_RBX), sp + SWAP_BYTES - 8, 0};
  return {pc, sp + SWAP_BYTES, word(SWAP_RBP)};
}

inline HeddleRegisters interrupted_registers(const ucontext_t& context) {
  const auto& registers = context.uc_mcontext.gregs;
  return {static_cast<uintptr_t>(registers[REG_RIP]), static_cast<uintptr_t>(registers[REG_RSP]),
          static_cast<uintptr_t>(registers[REG_RBP])};
}

// Rewrites the context so that async_preempt runs when the thread goes on. 0, or negative when the code is not 64-bit.
inline int32_t inject_preemption(ucontext_t& context) {
  constexpr greg_t kUserCode64 = 0x33;  // the selector of 64-bit user code, arch/x86/include/asm/segment.h
  auto& registers = context.uc_mcontext.gregs;
  if ((registers[REG_CSGSFS] & 0xffff) != kUserCode64) return HEDDLE_E_UNSUPPORTED;
  const greg_t sp = registers[REG_RSP] - RED_ZONE - static_cast<greg_t>(sizeof(greg_t));
  *reinterpret_cast<greg_t*>(sp) = registers[REG_RIP];
  registers[REG_RSP] = sp;
  registers[REG_RIP] = reinterpret_cast<greg_t>(&heddle_async_preempt);
  return HEDDLE_OK;
}

// The most stack below the interrupted stack pointer that async_preempt uses before it calls the core.
inline uint32_t inject_bytes() {
  return PREEMPT_CFA + PREEMPT_SAVED_BYTES + XSAVE_ALIGNMENT + heddle_save_area.full_bytes + 8;
}

// The bytes that the extended state of `components` needs in XSAVE's compacted form.
// Source: Intel SDM volume 1, 13.4.3; component sizes from CPUID leaf 0xD.
inline uint32_t compact_bytes(uint64_t components) {
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
inline SaveArea choose_save_area(void (*preempted)()) {
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
inline bool has_shadow_stack() {
  constexpr int kArchShstkStatus = 0x5005;
  uint64_t features = 0;
  return syscall(SYS_arch_prctl, kArchShstkStatus, &features) == 0 && (features & 1) != 0;
}

// Learns what this processor has. HEDDLE_E_UNSUPPORTED when the port cannot serve the process.
inline int32_t open_machine(const HeddleHost& host) {
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

#endif
