// See machine.hpp. An image has fixed places, as probes.S has them: a head of control words, 32 vectors of up to 256 bytes,
// 16 predicates and FFR of up to 32, ZA. Registers that are shorter lie close together at the start of their place.
#include "conformance/machine.hpp"

#include <sys/auxv.h>
#include <sys/prctl.h>
#include <ucontext.h>

#include <cstdlib>
#include <cstring>
#include <memory>

extern "C" {
uint64_t probe_general(const volatile uint32_t* stop, uint64_t seed);
// In streaming mode with ZA on; where the processor has no such mode it is probe_general.
uint64_t probe_streaming(const volatile uint32_t* stop, uint64_t seed);
}

namespace conformance {
namespace {

constexpr uint64_t kHwcapSve = 1u << 22, kHwcap2Sme = 1u << 23, kHwcap2SmeFa64 = 1u << 30;  // asm/hwcap.h
constexpr uint64_t kStreaming = 1, kZaOn = 2;                                               // SVCR
constexpr uint64_t kOddFpcr = 0x03400000;  // round up, flush to zero, default NaN
constexpr uint64_t kOddFpsr = 0x08000015;  // sticky flags: saturation, inexact, overflow, invalid

// The head of an image.
struct Head {
  uint64_t fpcr;
  uint64_t fpsr;
  uint64_t svcr;
  uint64_t features;  // kHas*: what load and save may touch
  uint64_t unused[4];
};
constexpr uint64_t kHasSve = 1, kHasSme = 2, kHasStreamingFfr = 4;
constexpr size_t kVectors = sizeof(Head), kPredicates = kVectors + 32 * 256, kFfr = kPredicates + 16 * 32, kZa = kFfr + 64;

size_t vector_bytes(int option, bool exists) {
  const int length = exists ? prctl(option, 0UL, 0UL, 0UL, 0UL) : 0;
  return length > 0 ? static_cast<size_t>(length) & PR_SVE_VL_LEN_MASK : 0;
}

bool has_sve() {
  return (getauxval(AT_HWCAP) & kHwcapSve) != 0;
}

bool has_sme() {
  return (getauxval(AT_HWCAP2) & kHwcap2Sme) != 0;
}

size_t sve_bytes() {
  return vector_bytes(PR_SVE_GET_VL, has_sve());
}

size_t streaming_bytes() {
  return vector_bytes(PR_SME_GET_VL, has_sme());
}

void fill_words(unsigned char* at, size_t bytes, uint64_t seed) {
  for (size_t i = 0; i < bytes; i += 8) {
    const uint64_t word = (seed + i + 1) * 0x9e3779b97f4a7c15u;
    memcpy(at + i, &word, bytes - i < 8 ? bytes - i : 8);
  }
}

Head initial_head() {
  const bool full = (getauxval(AT_HWCAP2) & kHwcap2SmeFa64) != 0;
  return {0, 0, 0, (has_sve() ? kHasSve : 0) | (has_sme() ? kHasSme : 0) | (full ? kHasStreamingFfr : 0), {}};
}

void fill(void* image, uint64_t seed, uint64_t svcr) {
  auto* bytes = static_cast<unsigned char*>(image);
  memset(bytes, 0, extended_bytes());
  Head head = initial_head();
  head.fpcr = kOddFpcr;
  head.fpsr = kOddFpsr;
  head.svcr = svcr;
  memcpy(bytes, &head, sizeof head);
  const size_t vector = (svcr & kStreaming) != 0 ? streaming_bytes() : sve_bytes();
  fill_words(bytes + kVectors, 32 * (vector != 0 ? vector : 16), seed);
  fill_words(bytes + kPredicates, 16 * vector / 8, seed + 1000);
  // FFR holds a run of ones from its lowest bit; anything else is unpredictable.
  if (vector != 0 && ((svcr & kStreaming) == 0 || (head.features & kHasStreamingFfr) != 0)) {
    for (size_t bit = 0; bit <= seed % vector; ++bit)
      bytes[kFfr + bit / 8] |= static_cast<unsigned char>(1u << bit % 8);
  }
  if ((svcr & kZaOn) != 0) fill_words(bytes + kZa, streaming_bytes() * streaming_bytes(), seed + 2000);
}

uint64_t read_fpcr() {
  uint64_t value = 0;
  asm volatile("mrs %0, fpcr" : "=r"(value));
  return value;
}

void write_fpcr(uint64_t value) {
  asm volatile("msr fpcr, %0" ::"r"(value));
}

}  // namespace

std::span<const GeneralProbe> general_probes() {
  static constexpr GeneralProbe kProbes[] = {probe_general, probe_streaming};
  return kProbes;
}

size_t extended_bytes() {
  return (kZa + streaming_bytes() * streaming_bytes() + 63) / 64 * 64;
}

void fill_extended(void* image, uint64_t seed) {
  fill(image, seed, has_sme() ? kZaOn : 0);
}

void fill_initial(void* image) {
  const Head head = initial_head();
  memcpy(image, &head, sizeof head);
}

std::string request_components() {
  return "SVE of " + std::to_string(8 * sve_bytes()) + " bits, SME of " + std::to_string(8 * streaming_bytes()) +
         " bits";
}

void set_odd_rounding() {
  write_fpcr(kOddFpcr);
}

void set_default_rounding() {
  write_fpcr(0);
}

bool has_odd_rounding() {
  return read_fpcr() == kOddFpcr;
}

uintptr_t context_pc(const void* machine_context) {
  return static_cast<const ucontext_t*>(machine_context)->uc_mcontext.pc;
}

void set_context_pc(void* machine_context, uintptr_t pc) {
  static_cast<ucontext_t*>(machine_context)->uc_mcontext.pc = pc;
}

}  // namespace conformance

uint64_t probe_streaming(const volatile uint32_t* stop, uint64_t seed) {
  using namespace conformance;
  if (!has_sme()) return probe_general(stop, seed);
  const size_t bytes = extended_bytes();
  const auto image = std::make_unique<unsigned char[]>(bytes), seen = std::make_unique<unsigned char[]>(bytes);
  fill(image.get(), seed, kStreaming | kZaOn);
  ExtendedProbe probe{stop, image.get(), seen.get(), bytes};
  return probe_extended(&probe);
}
