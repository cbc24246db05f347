// See machine.hpp.
#include "conformance/machine.hpp"

#include <cpuid.h>
#include <immintrin.h>
#include <windows.h>

#include <cstring>

extern "C" {
uint64_t probe_general(const volatile uint32_t* stop, uint64_t seed);
}

namespace conformance {
namespace {

constexpr int kPkru = 9, kTileConfig = 17, kTileData = 18;
constexpr uint32_t kOddMxcsr = 0x1f80 | 0x4000 | 0x8000 | 0x21;  // round up, flush to zero, two sticky flags
constexpr uint16_t kOddControl = 0x0a7f;                         // round up, double precision
constexpr uint16_t kDefaultControl = 0x037f;

uint64_t enabled_components() {
  uint32_t lo = 0, hi = 0;
  asm volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
  return static_cast<uint64_t>(hi) << 32 | lo;
}

// A function of kernel32.dll that only Windows 11 has, null elsewhere.
template <typename Function>
Function* kernel_function(const char* name) {
  const FARPROC found = GetProcAddress(GetModuleHandleA("kernel32.dll"), name);
  return reinterpret_cast<Function*>(reinterpret_cast<void*>(found));
}

bool tiles_permitted() {
  auto* enabled = kernel_function<DWORD64()>("GetThreadEnabledXStateFeatures");
  return enabled != nullptr && (enabled() >> kTileData & 1) != 0;
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

// Palette 1: eight tiles of 16 rows of 64 bytes.
void fill_tile_config(unsigned char* config) {
  config[0] = 1;
  for (int tile = 0; tile < 8; ++tile) {
    config[16 + 2 * tile] = 64;
    config[48 + tile] = 16;
  }
}

void fill_words(unsigned char* at, size_t bytes, uint64_t seed) {
  for (size_t i = 0; i + 8 <= bytes; i += 8) {
    const uint64_t word = (seed + i + 1) * 0x9e3779b97f4a7c15u;
    memcpy(at + i, &word, 8);
  }
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
  __cpuid_count(0xd, 0, eax, ebx, ecx, edx);
  return (ebx + 63) / 64 * 64;
}

void fill_extended(void* image, uint64_t seed) {
  auto* bytes = static_cast<unsigned char*>(image);
  memset(bytes, 0, extended_bytes());
  uint64_t components = enabled_components();
  if (!tiles_permitted()) components &= ~(uint64_t{1} << kTileConfig | uint64_t{1} << kTileData);
  fill_x87(bytes, seed);
  fill_words(bytes + 160, 256, seed);  // XMM0 to XMM15
  for (int i = 2; i < 63; ++i) {
    if ((components >> i & 1) == 0) continue;
    uint32_t size = 0, offset = 0, ecx = 0, edx = 0;
    __cpuid_count(0xd, i, size, offset, ecx, edx);
    if (i == kPkru) {
      const uint32_t rights = 0x55555554 & ~(3u << 2 * (1 + seed % 15));  // access through key 0 stays
      memcpy(bytes + offset, &rights, 4);
    } else if (i == kTileConfig) {
      fill_tile_config(bytes + offset);
    } else if (i == 3 || i == 4) {
      components &= ~(uint64_t{1} << i);  // MPX: bounds registers have no free bits to fill
    } else {
      fill_words(bytes + offset, size, seed + static_cast<uint64_t>(i) * 1000);
    }
  }
  memcpy(bytes + 512, &components, 8);
}

void fill_initial(void* image) {
  constexpr uint32_t kInitialMxcsr = 0x1f80;
  memcpy(static_cast<char*>(image), &kDefaultControl, 2);
  memcpy(static_cast<char*>(image) + 24, &kInitialMxcsr, 4);
}

std::string request_components() {
  if ((enabled_components() >> kTileData & 1) == 0) return "no AMX";
  auto* enable = kernel_function<BOOL(DWORD64)>("EnableProcessOptionalXStateFeatures");
  if (enable == nullptr || enable(DWORD64{1} << kTileData) == 0) return "AMX, which the system refuses";
  return "AMX";
}

void set_odd_rounding() {
  _mm_setcsr(kOddMxcsr);
  asm volatile("fldcw %0" ::"m"(kOddControl));
}

void set_default_rounding() {
  _mm_setcsr(0x1f80);
  asm volatile("fldcw %0" ::"m"(kDefaultControl));
}

bool has_odd_rounding() {
  constexpr uint32_t kStatus = 0x3f;
  uint16_t control = 0;
  asm volatile("fnstcw %0" : "=m"(control));
  return (_mm_getcsr() & ~kStatus) == (kOddMxcsr & ~kStatus) && control == kOddControl;
}

uintptr_t context_pc(const void* machine_context) {
  return static_cast<const CONTEXT*>(machine_context)->Rip;
}

void set_context_pc(void* machine_context, uintptr_t pc) {
  static_cast<CONTEXT*>(machine_context)->Rip = pc;
}

}  // namespace conformance
