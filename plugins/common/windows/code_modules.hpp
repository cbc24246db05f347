// CodeModules of Windows: what the loader has mapped, told apart by folder and by file name.
#pragma once

#include <heddle/port/code_modules.h>

#include <cstdint>

namespace heddle::port {

extern const HeddleCodeModules code_modules;

// Has the loader tell of what it loads and unloads.
void open_code_modules();
void close_code_modules();

// A range of addresses, [lo, hi).
struct CodeRange {
  uintptr_t lo = 0;
  uintptr_t hi = 0;
  bool contains(uintptr_t pc) const { return pc >= lo && pc < hi; }
};

// The executable section that `pc` lies in; empty when the loader knows none.
CodeRange find_code(uintptr_t pc);

}  // namespace heddle::port
