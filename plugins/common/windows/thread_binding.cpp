// See thread_binding.hpp.
//
// Where the slot lies: the first 64 indices in the thread block, the next 1024 in an array that a thread gets with its
// first TlsSetValue of such an index. When libraries have taken all of them, the thread block's ArbitraryUserPointer
// serves, which belongs to nobody: the loader puts a name there for debuggers while it maps a file, and puts back what it
// has found.
//
// The end of a thread is told by DLL_THREAD_DETACH. It needs no slot and no registration, comes while what the port
// depends on is still there, and never comes for another reason. Rejected: a callback of FlsAlloc, which is also called
// when a Windows fiber is deleted, and by FlsFree, that is by close, for the threads that go on. What DLL_THREAD_DETACH
// costs: `exited` runs under the loader's lock, and must not wait for a thread that starts, ends or loads a library.
#include "windows/thread_binding.hpp"

#include <atomic>
#include <cstdint>

#include "host.hpp"
#include "machine.h"

namespace heddle::port {
namespace {

using Exited = void(HEDDLE_CALL*)(HeddleThread* thread);

constexpr DWORD kDirectSlots = 64;  // TLS_MINIMUM_AVAILABLE, as tls.S has it

DWORD slot = TLS_OUT_OF_INDEXES;
DWORD exit_slot = TLS_OUT_OF_INDEXES;  // its value is the thread's Exited
std::atomic<bool> is_open{false};

int32_t bind(HeddleThread* thread) {
  if (thread == nullptr) return HEDDLE_E_INVALID;
  if (slot != TLS_OUT_OF_INDEXES && TlsSetValue(slot, nullptr) == 0) {  // makes the array
    log_line(HEDDLE_LOG_ERROR, "bind: TlsSetValue: error %lu", GetLastError());
    return HEDDLE_E_NO_MEMORY;
  }
  ULONG_PTR lowest = 0, end = 0;
  GetCurrentThreadStackLimits(&lowest, &end);
  thread->system_lo = lowest;
  thread->system_hi = end;
  thread->os_thread = GetCurrentThreadId();
  heddle_tls_set(thread);
  return HEDDLE_OK;
}

int32_t on_thread_exit(Exited exited) {
  if (exit_slot == TLS_OUT_OF_INDEXES) return HEDDLE_E_UNSUPPORTED;
  if (TlsSetValue(exit_slot, reinterpret_cast<void*>(exited)) != 0) return HEDDLE_OK;
  log_line(HEDDLE_LOG_ERROR, "on_thread_exit: TlsSetValue: error %lu", GetLastError());
  return HEDDLE_E_NO_MEMORY;
}

// Whoever asks later on this thread, another library that is told of its end, finds none.
void thread_ends() {
  HeddleThread* thread = is_open ? heddle_tls_get() : nullptr;
  if (thread == nullptr) return;
  const auto exited = exit_slot == TLS_OUT_OF_INDEXES ? nullptr : reinterpret_cast<Exited>(TlsGetValue(exit_slot));
  if (exited != nullptr) exited(thread);
  heddle_tls_clear();
}

void place_slot() {
  heddle_tls_offset = heddle_tls_expansion = 0;
  if (slot == TLS_OUT_OF_INDEXES) {
    heddle_tls_offset = TEB_ARBITRARY_POINTER;
  } else if (slot < kDirectSlots) {
    heddle_tls_offset = static_cast<uint32_t>(TEB_TLS_SLOTS + slot * sizeof(void*));
  } else {
    heddle_tls_expansion = static_cast<uint32_t>((slot - kDirectSlots) * sizeof(void*));
  }
}

}  // namespace

const HeddleTlsProvider tls_provider{
    sizeof(HeddleTlsProvider), 0, bind, heddle_tls_get, heddle_tls_clear, on_thread_exit, heddle_tls_set, nullptr};

void open_thread_binding() {
  slot = TlsAlloc();
  exit_slot = TlsAlloc();
  place_slot();
  is_open = true;
  if (slot != TLS_OUT_OF_INDEXES && exit_slot != TLS_OUT_OF_INDEXES) return;
  log_line(HEDDLE_LOG_INFO, "TlsAlloc: libraries have taken all of this process's slots; %s%s",
           slot == TLS_OUT_OF_INDEXES ? "threads are found by the thread block's ArbitraryUserPointer, and " : "",
           "the end of a thread is not told");
}

void close_thread_binding() {
  is_open = false;
  if (slot != TLS_OUT_OF_INDEXES) TlsFree(slot);
  if (exit_slot != TLS_OUT_OF_INDEXES) TlsFree(exit_slot);
  slot = exit_slot = TLS_OUT_OF_INDEXES;
}

}  // namespace heddle::port

extern "C" [[gnu::force_align_arg_pointer]] BOOL WINAPI DllMain(HINSTANCE, DWORD reason, void*) {
  if (reason == DLL_THREAD_DETACH) heddle::port::thread_ends();
  return TRUE;
}
