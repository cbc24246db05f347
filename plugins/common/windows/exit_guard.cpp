// See exit_guard.hpp; what would happen otherwise is in suspension_lock.hpp.
//
// exit, _exit, quick_exit and ExitProcess all end in ntdll's RtlExitUserProcess; TerminateProcess, abort and an exception
// that nobody has taken end in NtTerminateProcess. Every module that calls these, or kernel32's ExitProcess, has the
// address in its import table; the guard puts its own functions there, in the modules that are loaded now and in those
// that the loader adds. Not reached: who asks GetProcAddress for a function of ntdll's.
// Windows would end all threads at once in NtTerminateProcess, suspended or not; Wine ends the others first there too.
// Rejected: DLL_PROCESS_DETACH, which comes after the other threads have been ended; patching the functions' code, which
// other threads run.
#include "windows/exit_guard.hpp"

#include "host.hpp"
#include "windows/loader_list.hpp"
#include "windows/suspension_lock.hpp"

namespace heddle::port {
namespace {

// LdrDllNotification in Microsoft's documentation.
struct LoadNotification {
  ULONG flags;
  const UNICODE_STRING* path;
  const UNICODE_STRING* name;
  void* base;
  ULONG bytes;
};
constexpr ULONG kLoaded = 1;

using Notify = void(CALLBACK*)(ULONG reason, const LoadNotification* data, void* context);
using Register = NTSTATUS(NTAPI*)(ULONG flags, Notify notify, void* context, void** cookie);
using Unregister = NTSTATUS(NTAPI*)(void* cookie);
using Exit = void(WINAPI*)(UINT status);
using Terminate = NTSTATUS(NTAPI*)(HANDLE process, NTSTATUS status);
using Function = void (*)();

void WINAPI exit_user_process(UINT status);
void WINAPI exit_process(UINT status);
NTSTATUS NTAPI terminate_process(HANDLE process, NTSTATUS status);

// A function of the system's, and ours that stands before it.
struct Guarded {
  const wchar_t* library;
  const char* name;
  Function ours;
  Function system;
};

enum { kExitUserProcess, kExitProcess, kTerminateProcess };
Guarded functions[] = {
    {L"ntdll.dll", "RtlExitUserProcess", reinterpret_cast<Function>(exit_user_process), nullptr},
    {L"kernel32.dll", "ExitProcess", reinterpret_cast<Function>(exit_process), nullptr},
    {L"ntdll.dll", "NtTerminateProcess", reinterpret_cast<Function>(terminate_process), nullptr},
};

SRWLOCK patch_lock = SRWLOCK_INIT;  // two threads must not change the protection of one page
SRWLOCK guard_lock = SRWLOCK_INIT;  // guards what follows
void* cookie = nullptr;             // of the loader's notifications, not null while the guard stands
Unregister stop_notifications = nullptr;

void WINAPI exit_user_process(UINT status) {
  suspension_lock.hold_for_good();
  reinterpret_cast<Exit>(functions[kExitUserProcess].system)(status);
}

void WINAPI exit_process(UINT status) {
  suspension_lock.hold_for_good();
  reinterpret_cast<Exit>(functions[kExitProcess].system)(status);
}

NTSTATUS NTAPI terminate_process(HANDLE process, NTSTATUS status) {
  if (GetProcessId(process) == GetCurrentProcessId()) suspension_lock.hold_for_good();
  return reinterpret_cast<Terminate>(functions[kTerminateProcess].system)(process, status);
}

bool is_executable(DWORD protection) {
  return (protection & (PAGE_EXECUTE | PAGE_EXECUTE_READ | PAGE_EXECUTE_READWRITE | PAGE_EXECUTE_WRITECOPY)) != 0;
}

// Exchanges one slot of an import table that holds `from`; the page is protected again as it was.
void exchange_slot(void** slot, void* from, void* to) {
  MEMORY_BASIC_INFORMATION memory{};
  if (VirtualQuery(slot, &memory, sizeof memory) == 0) return;
  DWORD before = 0;
  const DWORD writable = is_executable(memory.Protect) ? PAGE_EXECUTE_READWRITE : PAGE_READWRITE;
  if (VirtualProtect(slot, sizeof *slot, writable, &before) == 0) return;
  InterlockedCompareExchangePointer(slot, to, from);
  VirtualProtect(slot, sizeof *slot, before, &before);
}

// What a slot that holds `seen` shall hold when the guard stands, or no longer does; `seen` where it is no matter of ours.
void* other_side(void* seen, bool guarding) {
  for (const Guarded& function : functions) {
    auto* const system = reinterpret_cast<void*>(function.system);
    auto* const ours = reinterpret_cast<void*>(function.ours);
    if (seen == (guarding ? system : ours)) return guarding ? ours : system;
  }
  return seen;
}

void exchange_imports(const LoadedModule& module, bool guarding) {
  const IMAGE_DATA_DIRECTORY& imports = module.headers().OptionalHeader.DataDirectory[IMAGE_DIRECTORY_ENTRY_IMPORT];
  if (imports.VirtualAddress == 0) return;
  AcquireSRWLockExclusive(&patch_lock);
  const auto* library = reinterpret_cast<const IMAGE_IMPORT_DESCRIPTOR*>(module.base + imports.VirtualAddress);
  for (; library->FirstThunk != 0; ++library) {
    for (auto** slot = reinterpret_cast<void**>(module.base + library->FirstThunk); *slot != nullptr; ++slot) {
      void* const wanted = other_side(*slot, guarding);
      if (wanted != *slot) exchange_slot(slot, *slot, wanted);
    }
  }
  ReleaseSRWLockExclusive(&patch_lock);
}

// The loader tells of a module when its import table is filled, and before any of its code runs.
[[gnu::force_align_arg_pointer]] void CALLBACK module_changed(ULONG reason, const LoadNotification* data, void*) {
  if (reason == kLoaded) exchange_imports({static_cast<char*>(data->base), data->path}, true);
}

void exchange_all(bool guarding) {
  for_each_module(
      [](const LoadedModule& module, void* argument) { exchange_imports(module, *static_cast<bool*>(argument)); }, &guarding);
}

bool find_functions() {
  bool complete = true;
  for (Guarded& function : functions) {
    function.system = find_function<Function>(GetModuleHandleW(function.library), function.name);
    complete = complete && function.system != nullptr;
  }
  return complete;
}

int32_t open_guard() {
  HMODULE ntdll = GetModuleHandleW(L"ntdll.dll");
  const auto start = find_function<Register>(ntdll, "LdrRegisterDllNotification");
  stop_notifications = find_function<Unregister>(ntdll, "LdrUnregisterDllNotification");
  if (!find_functions() || start == nullptr || stop_notifications == nullptr) {
    log_line(HEDDLE_LOG_ERROR, "suspend: this system lacks what holds suspensions off while the process exits");
    return HEDDLE_E_UNSUPPORTED;
  }
  // First the modules to come: one that is loaded meanwhile is then looked at twice, and not left out.
  if (const NTSTATUS status = start(0, module_changed, nullptr, &cookie); status != 0) {
    log_line(HEDDLE_LOG_ERROR, "suspend: LdrRegisterDllNotification: status %08lx", static_cast<unsigned long>(status));
    cookie = nullptr;
    return HEDDLE_E_OS;
  }
  exchange_all(true);
  return HEDDLE_OK;
}

}  // namespace

SuspensionLock suspension_lock;

int32_t keep_exit_guard() {
  AcquireSRWLockExclusive(&guard_lock);
  const int32_t result = cookie != nullptr ? HEDDLE_OK : open_guard();
  ReleaseSRWLockExclusive(&guard_lock);
  return result;
}

void close_exit_guard() {
  AcquireSRWLockExclusive(&guard_lock);
  if (cookie != nullptr) {
    stop_notifications(cookie);
    cookie = nullptr;
    exchange_all(false);
  }
  ReleaseSRWLockExclusive(&guard_lock);
}

}  // namespace heddle::port
