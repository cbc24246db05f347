// See code_modules.hpp. The Windows folder is the system's. The list of system libraries is of names, not of paths: programs
// bring their own copies.
#include "windows/code_modules.hpp"

#include <cstring>
#include <cwchar>

#include "windows/loader_list.hpp"

namespace heddle::port {
namespace {

// A file counts when its name is one of these, in capitals or not, or goes on with a digit, '.', '-' or '_'
// (msvcp140.dll, libgcc_s_seh-1.dll).
constexpr const char* kSystemNames[] = {
    "ntdll",       "kernel32",  "kernelbase",  "msvcrt",    "ucrtbase",    "ucrtbased",     "vcruntime",   "msvcp",
    "msvcr",       "concrt",    "api-ms-win",  "libstdc++", "libgcc",      "libwinpthread", "libc++",      "libc++abi",
    "libunwind",   "libatomic", "libssp",      "libgomp",   "libomp",      "vcomp",         "libjemalloc", "jemalloc",
    "libtcmalloc", "tcmalloc",  "libmimalloc", "mimalloc",  "tbbmalloc",   "libasan",       "libtsan",     "libubsan",
    "liblsan",     "libmsan",   "libhwasan",   "clang_rt",  "libclang_rt", "libprofiler",   "libaddress"};

bool is_system_name(const char* path) {
  const char* slash = strrchr(path, '\\');
  const char* name = slash == nullptr ? path : slash + 1;
  for (const char* system : kSystemNames) {
    const size_t length = strlen(system);
    if (_strnicmp(name, system, length) == 0 && strchr(".-_0123456789", name[length]) != nullptr) return true;
  }
  return false;
}

struct Visit {
  void (*visit)(const HeddleCodeModule* module, void* argument);
  void* argument;
  const char* program;        // where the main program is mapped
  wchar_t windows[MAX_PATH];  // the Windows folder
  size_t windows_length;
};

bool lies_in_windows(const Visit& visit, const UNICODE_STRING& path) {
  const size_t length = path.Length / sizeof(wchar_t);
  return visit.windows_length != 0 && length > visit.windows_length && path.Buffer[visit.windows_length] == L'\\' &&
         _wcsnicmp(path.Buffer, visit.windows, visit.windows_length) == 0;
}

// On the heap: a path may have 32,767 characters, and the caller's stack may be small. Null when there is no memory.
char* to_utf8(const UNICODE_STRING& path) {
  const int length = path.Length / static_cast<int>(sizeof(wchar_t));
  const int bytes = length == 0 ? 0 : WideCharToMultiByte(CP_UTF8, 0, path.Buffer, length, nullptr, 0, nullptr, nullptr);
  auto* text = static_cast<char*>(HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, static_cast<size_t>(bytes) + 1));
  if (text != nullptr && bytes != 0)
    WideCharToMultiByte(CP_UTF8, 0, path.Buffer, length, text, bytes, nullptr, nullptr);
  return text;
}

uint32_t kind_of(const Visit& visit, const LoadedModule& module, const char* path) {
  if (module.base == visit.program) return HEDDLE_CODE_PROGRAM;
  return lies_in_windows(visit, *module.path) || is_system_name(path) ? HEDDLE_CODE_SYSTEM : HEDDLE_CODE_LIBRARY;
}

void visit_module(const LoadedModule& loaded, void* data) {
  const auto& visit = *static_cast<const Visit*>(data);
  char* path = to_utf8(*loaded.path);
  if (path == nullptr) return;
  HeddleCodeModule module{sizeof(HeddleCodeModule), kind_of(visit, loaded, path), path, 0, 0};
  const IMAGE_NT_HEADERS& headers = loaded.headers();
  const IMAGE_SECTION_HEADER* section = IMAGE_FIRST_SECTION(&headers);
  for (int i = 0; i < headers.FileHeader.NumberOfSections; ++i, ++section) {
    if ((section->Characteristics & IMAGE_SCN_MEM_EXECUTE) == 0) continue;
    module.lo = reinterpret_cast<uintptr_t>(loaded.base) + section->VirtualAddress;
    module.hi = module.lo + section->Misc.VirtualSize;
    visit.visit(&module, visit.argument);
  }
  HeapFree(GetProcessHeap(), 0, path);
}

void enumerate(void (*visit)(const HeddleCodeModule* module, void* argument), void* argument) {
  Visit state{visit, argument, reinterpret_cast<const char*>(GetModuleHandleW(nullptr)), L"", 0};
  state.windows_length = GetSystemWindowsDirectoryW(state.windows, MAX_PATH);
  if (state.windows_length >= MAX_PATH) state.windows_length = 0;
  for_each_module(visit_module, &state);
}

}  // namespace

const HeddleCodeModules code_modules{sizeof(HeddleCodeModules), 0, enumerate};

CodeRange find_code(uintptr_t pc) {
  struct Search {
    uintptr_t pc;
    CodeRange found;
  } search{pc, {}};
  enumerate(
      [](const HeddleCodeModule* module, void* argument) {
        auto& s = *static_cast<Search*>(argument);
        if (s.pc >= module->lo && s.pc < module->hi) s.found = {module->lo, module->hi};
      },
      &search);
  return search.found;
}

}  // namespace heddle::port
