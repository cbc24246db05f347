// See code_modules.hpp. The Windows folder is the system's. The list of system libraries is of names, not of paths: programs
// bring their own copies.
#include "windows/code_modules.hpp"

#include <atomic>
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

bool is_named(const char* path, const char* name, const char* may_follow) {
  const char* slash = strrchr(path, '\\');
  const char* file = slash == nullptr ? path : slash + 1;
  const size_t length = strlen(name);
  return _strnicmp(file, name, length) == 0 && strchr(may_follow, file[length]) != nullptr;  // finds the end too
}

bool is_system_name(const char* path) {
  for (const char* name : kSystemNames) {
    if (is_named(path, name, ".-_0123456789")) return true;
  }
  return false;
}

int32_t matches(const char* path, const char* name) {
  return is_named(path, name, ".-_") ? 1 : 0;
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

using Notify = void(CALLBACK*)(ULONG reason, const void* data, void* context);
using Register = NTSTATUS(NTAPI*)(ULONG flags, Notify notify, void* context, void** cookie);
using Unregister = NTSTATUS(NTAPI*)(void* cookie);

// How often the loader has told of a module, and one; 0 while it does not tell.
std::atomic<uint32_t> changes{0};
void* cookie = nullptr;

void CALLBACK count_change(ULONG, const void*, void*) {
  changes.fetch_add(1);
}

uint64_t generation() {
  return changes.load();
}

}  // namespace

const HeddleCodeModules code_modules{sizeof(HeddleCodeModules), 0, enumerate, generation, matches};

void open_code_modules() {
  const auto start = find_function<Register>(GetModuleHandleW(L"ntdll.dll"), "LdrRegisterDllNotification");
  changes = start != nullptr && start(0, count_change, nullptr, &cookie) == 0 ? 1 : 0;
}

void close_code_modules() {
  if (changes == 0) return;
  const auto stop = find_function<Unregister>(GetModuleHandleW(L"ntdll.dll"), "LdrUnregisterDllNotification");
  if (stop != nullptr) stop(cookie);
  changes = 0;
}

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
