// See symbolizer.hpp. dladdr(3) knows what is in the dynamic symbol tables: of a program, what it exports (-rdynamic).
#include "linux/symbolizer.hpp"

#include <dlfcn.h>

namespace heddle::port {
namespace {

int32_t find(uintptr_t address, void (*visit)(const HeddleSymbol* symbol, void* argument), void* argument) {
  Dl_info info{};
  if (dladdr(reinterpret_cast<void*>(address), &info) == 0) return HEDDLE_E_INVALID;
  const HeddleSymbol symbol{sizeof(HeddleSymbol), 0,
                            info.dli_fname,       reinterpret_cast<uintptr_t>(info.dli_fbase),
                            info.dli_sname,       reinterpret_cast<uintptr_t>(info.dli_saddr)};
  visit(&symbol, argument);
  return HEDDLE_OK;
}

}  // namespace

const HeddleSymbolizer symbolizer{sizeof(HeddleSymbolizer), 0, find};

}  // namespace heddle::port
