// linux-arm64 in C++: contexts as the assembly leaves them, and the injected call, which needs a copy of the signal frame.
//
// A signal frame is a ucontext_t whose end is a list of records (asm/sigcontext.h): each begins with what it is and how long,
// a record of kind 0 ends the list. Where they do not all fit, an extra_context record points to more of them behind it.
#include <asm/sigcontext.h>
#include <sys/auxv.h>
#include <sys/prctl.h>

#include <algorithm>
#include <cstring>

#include "machine.h"

namespace heddle::port {

SaveArea heddle_save_area;

namespace {

constexpr uint64_t kHwcapSve = 1u << 22, kHwcap2Sme = 1u << 23;  // asm/hwcap.h
constexpr uint64_t kBranchTypeBits = 3u << 10;                   // PSTATE.BTYPE
constexpr size_t kTerminatorBytes = 16;

size_t largest_frame;  // what inject_bytes promises, without alignment

// What a signal frame consists of. `end` is behind the last byte of it, 0 when the records make no sense.
struct Records {
  fpsimd_context* fpsimd = nullptr;
  extra_context* extra = nullptr;
  uintptr_t end = 0;
};

Records find_records(ucontext_t& context) {
  Records found;
  auto at = reinterpret_cast<uintptr_t>(context.uc_mcontext.__reserved);
  const uintptr_t limit = at + sizeof context.uc_mcontext.__reserved;
  while (limit - at >= kTerminatorBytes) {
    auto* head = reinterpret_cast<_aarch64_ctx*>(at);
    if (head->magic == 0) {
      found.end = at + kTerminatorBytes;
      break;
    }
    if (head->size < sizeof *head || head->size % kTerminatorBytes != 0 || head->size > limit - at) break;
    if (head->magic == FPSIMD_MAGIC) found.fpsimd = reinterpret_cast<fpsimd_context*>(head);
    if (head->magic == EXTRA_MAGIC) found.extra = reinterpret_cast<extra_context*>(head);
    at += head->size;
  }
  if (found.end != 0 && found.extra != nullptr) {
    // QEMU ends the first list with 8 bytes where Linux takes 16.
    const uintptr_t begin = found.extra->datap;
    const bool behind = begin > at && begin - at <= largest_frame && found.extra->size <= largest_frame;
    found.end = behind ? begin + found.extra->size : 0;
  }
  return found;
}

// Leaves of the records the one that every kernel wants back: general floating point. What the handler returns to has then no
// SVE and no SME state.
void cut_records(ucontext_t& context, const fpsimd_context* fpsimd) {
  unsigned char* first = context.uc_mcontext.__reserved;
  memmove(first, fpsimd, sizeof *fpsimd);
  memset(first + sizeof *fpsimd, 0, kTerminatorBytes);
}

// prctl(2) gives the vector length with flags above it. 0 when the processor has no such vectors.
size_t vector_bytes(int option, bool exists) {
  const int length = exists ? prctl(option, 0UL, 0UL, 0UL, 0UL) : 0;
  return length > 0 ? static_cast<size_t>(length) & PR_SVE_VL_LEN_MASK : 0;
}

// The kernel says how large its frames get (AT_MINSIGSTKSZ); emulators may not. What is added up then: 32 vectors and 17
// predicates of an eighth of one, the square of the streaming length for ZA, and heads and small records.
size_t find_largest_frame() {
  const size_t told = getauxval(AT_MINSIGSTKSZ);
  if (told != 0) return std::max(told, sizeof(SignalFrame));
  constexpr size_t kSmallRecords = 1024;
  const size_t vector = vector_bytes(PR_SVE_GET_VL, (getauxval(AT_HWCAP) & kHwcapSve) != 0);
  const size_t streaming = vector_bytes(PR_SME_GET_VL, (getauxval(AT_HWCAP2) & kHwcap2Sme) != 0);
  const size_t longest = std::max(vector, streaming);
  return sizeof(SignalFrame) + 32 * longest + 17 * longest / 8 + streaming * streaming + kSmallRecords;
}

// A guarded control stack holds the return addresses a second time, and neither a switch nor an injected call keeps to it.
// True when the thread has one: the port cannot serve it. Source: Documentation/arch/arm64/gcs.rst.
bool has_guarded_control_stack() {
  constexpr int kGetShadowStackStatus = 74;
  constexpr unsigned long kEnabled = 1;
  unsigned long status = 0;
  return prctl(kGetShadowStackStatus, &status, 0UL, 0UL, 0UL) == 0 && (status & kEnabled) != 0;
}

}  // namespace

HeddleRegisters parked_registers(const HeddleContext& context) {
  const auto sp = reinterpret_cast<uintptr_t>(context.sp);
  const auto word = [sp](int offset) { return *reinterpret_cast<const uintptr_t*>(sp + offset); };
  const uintptr_t pc = word(SWAP_PC);
  const auto fresh = reinterpret_cast<uintptr_t>(&heddle_context_entry) + ENTRY_SKIP;
  if (pc == fresh) return {word(SWAP_X19), sp + SWAP_BYTES, 0};
  return {pc, sp + SWAP_BYTES, word(SWAP_FP)};
}

HeddleRegisters interrupted_registers(const ucontext_t& context) {
  const auto& registers = context.uc_mcontext;
  return {static_cast<uintptr_t>(registers.pc), static_cast<uintptr_t>(registers.sp),
          static_cast<uintptr_t>(registers.regs[29])};
}

void call_interrupted(const ucontext_t&, void* (*function)(void*), void* argument) {
  function(argument);
}

int32_t inject_preemption(ucontext_t& context) {
  const Records records = find_records(context);
  if (records.fpsimd == nullptr || records.end == 0) return HEDDLE_E_UNSUPPORTED;
  const uintptr_t original = reinterpret_cast<uintptr_t>(&context) - offsetof(SignalFrame, context);
  // Kernels and emulators check that all of the structure can be read, however little of it is in use.
  const size_t bytes = std::max(records.end - original, sizeof(SignalFrame));
  if (bytes > largest_frame) return HEDDLE_E_NO_MEMORY;

  auto& registers = context.uc_mcontext;
  const uintptr_t copy = (registers.sp - bytes) & ~uintptr_t{15};
  auto& frame = *reinterpret_cast<SignalFrame*>(copy);
  memcpy(&frame.context, &context, records.end - reinterpret_cast<uintptr_t>(&context));
  frame.record_fp = registers.regs[29];
  frame.record_pc = registers.pc;
  if (records.extra != nullptr) {
    auto* moved = reinterpret_cast<extra_context*>(reinterpret_cast<uintptr_t>(records.extra) - original + copy);
    moved->datap += copy - original;
  }

  cut_records(context, records.fpsimd);
  registers.sp = copy;
  registers.regs[29] = copy;
  registers.pc = reinterpret_cast<uintptr_t>(&heddle_async_preempt);
  registers.pstate &= ~kBranchTypeBits;
  return HEDDLE_OK;
}

uint32_t inject_bytes() {
  constexpr size_t kAlignment = 16;
  return static_cast<uint32_t>(largest_frame + kAlignment);
}

int32_t open_machine(const HeddleHost& host) {
  if (has_guarded_control_stack()) {
    host.log(HEDDLE_LOG_ERROR,
             "linux-arm64: this process runs with a guarded control stack (GCS), which fibers cannot switch; start it "
             "without, for example with GLIBC_TUNABLES=glibc.cpu.aarch64_gcs=0");
    return HEDDLE_E_UNSUPPORTED;
  }
  largest_frame = find_largest_frame();
  heddle_save_area = {host.preempted, (getauxval(AT_HWCAP2) & kHwcap2Sme) != 0 ? 1u : 0u};
  return HEDDLE_OK;
}

}  // namespace heddle::port
