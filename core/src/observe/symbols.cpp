#include "observe/symbols.hpp"

#include <cxxabi.h>

#include <cstdlib>
#include <memory>

namespace heddle::observe {

namespace {

std::string demangled(const char* name) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> text(abi::__cxa_demangle(name, nullptr, nullptr, &status), std::free);
  return text ? text.get() : name;
}

std::string hexadecimal(std::uintptr_t number) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  do {
    text.insert(text.begin(), kDigits[number % 16]);
    number /= 16;
  } while (number != 0);
  return "0x" + text;
}

std::string file_of(const std::string& path) {
  return path.substr(path.find_last_of("/\\") + 1);
}

}  // namespace

Place find_place(const HeddleSymbolizer* symbolizer, std::uintptr_t address) {
  Place place;
  if (!symbolizer) return place;
  symbolizer->find(
      address,
      [](const HeddleSymbol* symbol, void* argument) {
        Place& found = *static_cast<Place*>(argument);
        if (symbol->module) found.module = symbol->module;
        found.module_base = symbol->module_base;
        if (!symbol->name) return;
        found.function = demangled(symbol->name);
        found.start = symbol->start;
      },
      &place);
  return place;
}

std::string text_of(const Place& place, std::uintptr_t address) {
  if (place.module.empty()) return hexadecimal(address);
  const std::string in_module = file_of(place.module) + "+" + hexadecimal(address - place.module_base);
  return place.function.empty() ? in_module
                                : place.function + "+" + hexadecimal(address - place.start) + " (" + in_module + ")";
}

}  // namespace heddle::observe
