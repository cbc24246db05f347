// See machine.hpp.
#include "conformance/machine.hpp"

#include <asm/hwcap.h>
#include <sys/auxv.h>
#include <ucontext.h>

#include <cstring>

extern "C" {
// One in Thumb code, most of it IT blocks of every condition, whose instructions are counted, and one in ARM code.
uint64_t probe_general_thumb(const volatile uint32_t* stop, uint64_t seed);
uint64_t probe_general_arm(const volatile uint32_t* stop, uint64_t seed);
}

namespace conformance {
namespace {

// The image that probes.S loads and saves. A processor has 16 or 32 of the registers.
struct ExtendedImage {
  uint64_t registers[32];
  uint32_t fpscr;
  uint32_t has_upper_half;  // nonzero: d16 to d31 exist
  uint64_t padding[7];
};
static_assert(sizeof(ExtendedImage) % 64 == 0);

constexpr uint32_t kRoundUp = 1u << 22, kFlushToZero = 1u << 24, kDefaultNan = 1u << 25;
constexpr uint32_t kOddControl = kRoundUp | kFlushToZero;
constexpr uint32_t kStickyFlags = 0x11;     // inexact, invalid operation
constexpr uint32_t kSaturation = 1u << 27;  // sticky too, but there with Advanced SIMD only
constexpr uint32_t kStatus = 0xf800009f;

bool has_upper_half() {
  return (getauxval(AT_HWCAP) & (HWCAP_VFPD32 | HWCAP_NEON)) != 0;
}

uint32_t fpscr() {
  uint32_t value = 0;
  asm volatile("vmrs %0, fpscr" : "=r"(value));
  return value;
}

void set_fpscr(uint32_t value) {
  asm volatile("vmsr fpscr, %0" ::"r"(value));
}

}  // namespace

std::span<const GeneralProbe> general_probes() {
  static constexpr GeneralProbe kProbes[] = {probe_general_thumb, probe_general_arm};
  return kProbes;
}

size_t extended_bytes() {
  return sizeof(ExtendedImage);
}

void fill_extended(void* image, uint64_t seed) {
  ExtendedImage filled{};
  filled.has_upper_half = has_upper_half() ? 1 : 0;
  const size_t count = has_upper_half() ? 32 : 16;
  for (size_t i = 0; i < count; ++i) filled.registers[i] = (seed + i + 1) * 0x9e3779b97f4a7c15u;
  const auto conditions = static_cast<uint32_t>(seed % 16) << 28;
  filled.fpscr = kOddControl | kDefaultNan | kStickyFlags | conditions;
  if ((getauxval(AT_HWCAP) & HWCAP_NEON) != 0) filled.fpscr |= kSaturation;
  memcpy(image, &filled, sizeof filled);
}

void fill_initial(void* image) {
  static_cast<ExtendedImage*>(image)->has_upper_half = has_upper_half() ? 1 : 0;
}

std::string request_components() {
  return has_upper_half() ? "none; 32 double registers" : "none; 16 double registers";
}

void set_odd_rounding() {
  set_fpscr(kOddControl | kStickyFlags);
}

void set_default_rounding() {
  set_fpscr(0);
}

bool has_odd_rounding() {
  return (fpscr() & ~kStatus) == kOddControl;
}

uintptr_t context_pc(const void* machine_context) {
  return static_cast<const ucontext_t*>(machine_context)->uc_mcontext.arm_pc;
}

void set_context_pc(void* machine_context, uintptr_t pc) {
  static_cast<ucontext_t*>(machine_context)->uc_mcontext.arm_pc = pc;
}

}  // namespace conformance
