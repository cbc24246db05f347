// Symbols: what lies at an address of code, as text for people and for addr2line.
#pragma once

#include <heddle/port/symbolizer.h>

#include <cstdint>
#include <string>

namespace heddle::observe {

struct Place {
  std::string function;      // as in the source, where it is known
  std::uintptr_t start = 0;  // of the function
  std::string module;        // path; empty when no module is loaded there
  std::uintptr_t module_base = 0;
};

/// `symbolizer` may be null: then nothing is known.
Place find_place(const HeddleSymbolizer* symbolizer, std::uintptr_t address);

/// "crawl(Site&)+0x4b (crawler+0x52fb)", "crawler+0x52fb", "0x7ffe1052fb".
std::string text_of(const Place& place, std::uintptr_t address);

}  // namespace heddle::observe
