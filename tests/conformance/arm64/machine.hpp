// What the conformance tests need to know of this processor. Other processors bring a folder with the same names.
#pragma once

#include <ucontext.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include <heddle/port/context_switcher.h>

extern "C" {

// probe_swap: holds a pattern in every callee-saved register over a switch.
struct SwapProbe {
  void* (*swap)(HeddleContext*, const HeddleContext*, void*);
  HeddleContext* save;
  const HeddleContext* to;
  void* transfer;
  uint64_t seed;
  void* result;  // what swap returned
};
// 0, or the number of the first register that came back changed.
uint64_t probe_swap(SwapProbe* probe);

// The endless loops that are interrupted. Each ends when *stop is nonzero.
// A pattern in every general register, the flags and the words above sp, verified each turn.
// Returns 0, or the number of the first one that changed.
using GeneralProbe = uint64_t (*)(const volatile uint32_t* stop, uint64_t seed);
uint64_t probe_general(const volatile uint32_t* stop, uint64_t seed);

// The same by the name of probe_extended, for code in streaming mode with ZA on. Where the processor has no such mode it is
// probe_general.
uint64_t probe_streaming(const volatile uint32_t* stop, uint64_t seed);

// probe_extended: loads `image` into every vector, predicate and control register, then saves all to `seen` each turn and
// compares. Returns 0, or 1 + the offset of the first word that differs.
struct ExtendedProbe {
  const volatile uint32_t* stop;
  const void* image;
  void* seen;
  uint64_t bytes;
};
uint64_t probe_extended(ExtendedProbe* probe);

// An endless loop with a frame of its own, for walks through an interrupted function.
void probe_spin(const volatile uint32_t* stop);

// The same without a frame: its return address is where the call has left it.
void probe_leaf(const volatile uint32_t* stop);

// The bounds of the code of the loops.
extern const char probe_begin[], probe_end[];

// Loads `image` into every register that it has a place for, as far as C++ code can go on with it: not streaming mode.
void load_extended(const void* image);
}

namespace conformance {

// The loops that hold registers from their first turn to their last, one for each mode that the processor has.
inline constexpr GeneralProbe kGeneralProbes[] = {probe_general, probe_streaming};

// The size of an image: what this processor has of SVE and SME, and the vector lengths, are read anew.
size_t extended_bytes();

// Fills an image with a valid value for every register, distinct in each word; ZA is on, streaming mode off.
void fill_extended(void* image, uint64_t seed);

// Fills an image with the state in which nothing but FPCR and FPSR says anything.
void fill_initial(void* image);

// What there is beyond Advanced SIMD, in words; nothing of it must be asked for.
std::string request_components();

// Rounding upwards and a float-control word that is not the default, and back.
void set_odd_rounding();
void set_default_rounding();
bool has_odd_rounding();

uintptr_t context_pc(const void* machine_context);
void set_context_pc(ucontext_t& context, uintptr_t pc);

}  // namespace conformance
