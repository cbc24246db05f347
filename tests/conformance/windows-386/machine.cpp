// See machine.hpp.
#include "conformance/machine.hpp"

#include <cpuid.h>
#include <windows.h>

#include <algorithm>
#include <cstring>

extern "C" {
uint64_t probe_general(const volatile uint32_t* stop, uint64_t seed);
}

namespace conformance {
namespace {

// x87, SSE, AVX, masks, upper halves of ZMM0 to ZMM7, PKRU: what 32-bit code can hold. probes.S has the same.
constexpr uint32_t kProbeComponents = 0x267;
constexpr int kAvx = 2, kMasks = 5, kPkru = 9;
constexpr uint32_t kOddMxcsr = 0x1f80 | 0x4000 | 0x8000 | 0x21;  // round up, flush to zero, two sticky flags
constexpr uint16_t kOddControl = 0x0a7f;                         // round up, double precision
constexpr uint32_t kDefaultMxcsr = 0x1f80;
constexpr uint16_t kDefaultControl = 0x037f;

struct Component {
  uint32_t bytes;
  uint32_t offset;
};

Component component_of(int index) {
  uint32_t bytes = 0, offset = 0, ecx = 0, edx = 0;
  __cpuid_count(0xd, index, bytes, offset, ecx, edx);
  return {bytes, offset};
}

uint32_t enabled_components() {
  uint32_t lo = 0, hi = 0;
  asm volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
  return lo & kProbeComponents;
}

void fill_x87(unsigned char* image, uint64_t seed) {
  const uint16_t control = kOddControl;
  memcpy(image, &control, 2);
  image[4] = 0xff;  // abridged tag word: all eight registers in use
  memcpy(image + 24, &kOddMxcsr, 4);
  for (int i = 0; i < 8; ++i) {
    const uint64_t mantissa = (seed + static_cast<uint64_t>(i) * 0x0101) | uint64_t{1} << 63;
    const auto exponent = static_cast<uint16_t>(0x3fff + i);
    memcpy(image + 32 + 16 * i, &mantissa, 8);
    memcpy(image + 40 + 16 * i, &exponent, 2);
  }
}

void fill_words(unsigned char* at, size_t bytes, uint64_t seed) {
  for (size_t i = 0; i + 8 <= bytes; i += 8) {
    const uint64_t word = (seed + i + 1) * 0x9e3779b97f4a7c15u;
    memcpy(at + i, &word, 8);
  }
}

void set_control_words(uint32_t mxcsr, uint16_t control) {
  asm volatile("ldmxcsr %0" ::"m"(mxcsr));
  asm volatile("fldcw %0" ::"m"(control));
}

}  // namespace

std::span<const GeneralProbe> general_probes() {
  static constexpr GeneralProbe kProbes[] = {probe_general};
  return kProbes;
}

size_t extended_bytes() {
  uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
  __cpuid(1, eax, ebx, ecx, edx);
  if ((ecx & 1u << 27) == 0) return 0;
  uint32_t bytes = 512 + 64;
  for (int i = kAvx; i < 32; ++i) {
    if ((enabled_components() >> i & 1) == 0) continue;
    const Component component = component_of(i);
    bytes = std::max(bytes, component.offset + component.bytes);
  }
  return (bytes + 63) / 64 * 64;
}

void fill_extended(void* image, uint64_t seed) {
  auto* bytes = static_cast<unsigned char*>(image);
  memset(bytes, 0, extended_bytes());
  const uint32_t components = enabled_components();
  fill_x87(bytes, seed);
  fill_words(bytes + 160, 128, seed);  // XMM0 to XMM7
  for (int i = kAvx; i < 32; ++i) {
    if ((components >> i & 1) == 0) continue;
    const Component component = component_of(i);
    if (i == kPkru) {
      const uint32_t rights = 0x55555554 & ~(3u << 2 * (1 + seed % 15));  // access through key 0 stays
      memcpy(bytes + component.offset, &rights, 4);
    } else {
      // Of the 16 registers that a component has room for 32-bit code holds the first eight; masks there are eight.
      const uint32_t held = i == kMasks ? component.bytes : component.bytes / 2;
      fill_words(bytes + component.offset, held, seed + static_cast<uint64_t>(i) * 1000);
    }
  }
  memcpy(bytes + 512, &components, 4);
}

void fill_initial(void* image) {
  memcpy(static_cast<char*>(image), &kDefaultControl, 2);
  memcpy(static_cast<char*>(image) + 24, &kDefaultMxcsr, 4);
}

std::string request_components() {
  return "not for 32-bit code";
}

void set_odd_rounding() {
  set_control_words(kOddMxcsr, kOddControl);
}

void set_default_rounding() {
  set_control_words(kDefaultMxcsr, kDefaultControl);
}

bool has_odd_rounding() {
  constexpr uint32_t kStatus = 0x3f;
  uint32_t mxcsr = 0;
  uint16_t control = 0;
  asm volatile("stmxcsr %0" : "=m"(mxcsr));
  asm volatile("fnstcw %0" : "=m"(control));
  return (mxcsr & ~kStatus) == (kOddMxcsr & ~kStatus) && control == kOddControl;
}

uintptr_t context_pc(const void* machine_context) {
  return static_cast<const CONTEXT*>(machine_context)->Eip;
}

void set_context_pc(void* machine_context, uintptr_t pc) {
  static_cast<CONTEXT*>(machine_context)->Eip = pc;
}

}  // namespace conformance
