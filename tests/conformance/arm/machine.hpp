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
// 0, or the number of the first register that came back changed: 4 to 11 for r4 to r11, 16 + n for d8 + n.
uint64_t probe_swap(SwapProbe* probe);

// The endless loops that are interrupted. Each ends when *stop is nonzero. A pattern in every general register and
// every flag that user code can set, verified each turn; one loop in Thumb code, most of it IT blocks of every
// condition, whose instructions are counted, and one in ARM code. Returns 0, or the number of the first one that
// changed: 1 + n for rn, 14 for sp, 15 for lr, 16 for the flags.
using GeneralProbe = uint64_t (*)(const volatile uint32_t* stop, uint64_t seed);
uint64_t probe_general_thumb(const volatile uint32_t* stop, uint64_t seed);
uint64_t probe_general_arm(const volatile uint32_t* stop, uint64_t seed);

// probe_extended: loads `image` into every extended register, then saves all to `seen` each turn and compares. Returns
// 0, or 1 + the offset of the first word that differs.
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

// Loads `image` into every extended register.
void load_extended(const void* image);
}

namespace conformance {

// The loops that hold general registers, one for each kind of code that the processor has.
inline constexpr GeneralProbe kGeneralProbes[] = {probe_general_thumb, probe_general_arm};

// The size of an image of the extended registers.
size_t extended_bytes();

// Fills an image with a value for every extended register, distinct in each word.
void fill_extended(void* image, uint64_t seed);

// Makes an image of zeros into the state that a process begins with.
void fill_initial(void* image);

// There is nothing to ask the kernel for. What there is, in words.
std::string request_components();

// Rounding upwards and flushing to zero, and back.
void set_odd_rounding();
void set_default_rounding();
bool has_odd_rounding();

uintptr_t context_pc(const void* machine_context);
void set_context_pc(ucontext_t& context, uintptr_t pc);

}  // namespace conformance
