// See symbolizer.hpp. dbghelp.dll would know more, but it allocates, is not for two threads at once, and wants PDB files, which GCC does not
// write; what is missing here, addr2line finds from the module and the offset.
#include "windows/symbolizer.hpp"

#include <windows.h>

#include <cstddef>

namespace heddle::port {
namespace {

constexpr DWORD kPathBytes = 1024;

template <typename T>
const T* at(uintptr_t base, DWORD offset) {
  return reinterpret_cast<const T*>(base + offset);
}

// The export that begins nearest to `address`, at or below it; those that are forwarded to other modules are none.
void find_export(uintptr_t address, HeddleSymbol& symbol) {
  const uintptr_t base = symbol.module_base;
  const auto* headers = at<IMAGE_NT_HEADERS>(base, static_cast<DWORD>(at<IMAGE_DOS_HEADER>(base, 0)->e_lfanew));
  const IMAGE_DATA_DIRECTORY& directory = headers->OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_EXPORT];
  if (directory.VirtualAddress == 0) return;
  const auto* exports = at<IMAGE_EXPORT_DIRECTORY>(base, directory.VirtualAddress);
  const auto* functions = at<DWORD>(base, exports->AddressOfFunctions);
  const auto* names = at<DWORD>(base, exports->AddressOfNames);
  const auto* ordinals = at<WORD>(base, exports->AddressOfNameOrdinals);
  const uintptr_t lo = base + directory.VirtualAddress, hi = lo + directory.Size;
  for (DWORD i = 0; i < exports->NumberOfNames; ++i) {
    const uintptr_t start = base + functions[ordinals[i]];
    const bool forwarded = start >= lo && start < hi;
    if (forwarded || start > address || start < symbol.start) continue;
    symbol.start = start;
    symbol.name = at<char>(base, names[i]);
  }
}

int32_t find(uintptr_t address, void (*visit)(const HeddleSymbol* symbol, void* argument), void* argument) {
  // With the count raised the module stays while it is looked at.
  if (address == 0) return HEDDLE_E_INVALID;  // for Windows the program's own name
  HMODULE module = nullptr;
  if (GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS, reinterpret_cast<const wchar_t*>(address), &module) == 0)
    return HEDDLE_E_INVALID;
  wchar_t path[kPathBytes / 2];
  char text[kPathBytes];
  const DWORD length = GetModuleFileNameW(module, path, kPathBytes / 2);
  const int bytes = WideCharToMultiByte(CP_UTF8, 0, path, static_cast<int>(length), text, kPathBytes - 1, nullptr, nullptr);
  text[bytes] = '\0';
  HeddleSymbol symbol{sizeof(HeddleSymbol), 0, text, reinterpret_cast<uintptr_t>(module), nullptr, 0};
  find_export(address, symbol);
  visit(&symbol, argument);
  FreeLibrary(module);
  return HEDDLE_OK;
}

}  // namespace

const HeddleSymbolizer symbolizer{sizeof(HeddleSymbolizer), 0, find};

}  // namespace heddle::port
