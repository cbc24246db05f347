// What the conformance tests ask of a port's machine, processor and calling convention: the folder of the port's name has it, in
// probes.S and machine.cpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
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
//
// A pattern in every general register, the flags and the words that belong to the interrupted code (the red zone where there is
// one), verified each turn. Returns 0, or the number of the first one that changed.
using GeneralProbe = uint64_t (*)(const volatile uint32_t* stop, uint64_t seed);

// probe_extended: loads `image` into every extended register, then saves all to `seen` each turn and compares. Returns 0, or
// 1 + the offset of the first word that differs. Both are 64-byte aligned.
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

// For morestack to call: returns what the register of the static chain holds, null if that is not the argument.
void* probe_chain(void* argument);

// The bounds of the code of the loops.
extern const char probe_begin[], probe_end[];

// Loads `image` into every extended register, as far as C++ code can go on with it.
void load_extended(const void* image);
}

namespace conformance {

// The loops that hold general registers, one for each kind of code or mode that the processor has.
std::span<const GeneralProbe> general_probes();

// The size of an image of the extended registers (vectors, predicates, tiles, control words), as the processor has them now; 0
// when it cannot say what it has.
size_t extended_bytes();

// Fills an image with a valid value for every register, distinct in each word.
void fill_extended(void* image, uint64_t seed);

// Makes an image of zeros into the state in which nothing is in use.
void fill_initial(void* image);

// Asks the kernel for registers that it gives only on request. What there is, in words.
std::string request_components();

// Rounding upwards and control words that are not the default, and back.
void set_odd_rounding();
void set_default_rounding();
bool has_odd_rounding();

// The pc in a machine context, as HeddleHost::deliver gets it.
uintptr_t context_pc(const void* machine_context);
void set_context_pc(void* machine_context, uintptr_t pc);

}  // namespace conformance
