// See suspend_preempter.hpp.
//
// Invariants:
//   - A requester works on a thread only while it holds that thread's record, and with the record's own duplicate of the
//     handle, which no foreign code closes: enter takes it, leave closes it, and leave waits for the holder. A duplicate
//     for every request was rejected: it would protect from nothing more, and costs two system calls.
//   - At most one suspension is under way in the process (suspension_lock.hpp).
//   - While the target stands still, nothing is allocated, logged or locked: the target may hold any lock of the process.
//     Only system calls are made, and what the core does in `deliver`.
//   - A suspension of ours is undone by its maker before request returns, whatever failed in between.
// A request that finds the target or the process busy counts as coalesced; it stays pending in the core, which repeats it.
#include "windows/suspend_preempter.hpp"

#include <atomic>
#include <cstdint>

#include "host.hpp"
#include "machine.h"
#include "windows/code_modules.hpp"
#include "windows/exit_guard.hpp"
#include "windows/stack_memory.hpp"
#include "windows/suspension_lock.hpp"

namespace heddle::port {
namespace {

enum Request : uint32_t { kIdle, kUnderWay, kClosed };

// What the port knows of one thread, between enter and leave.
struct SuspendThreadRecord {
  std::atomic<uint32_t> request;
  DWORD id;
  HANDLE handle;
  int64_t not_before;  // performance counter; guarded by request
};

// How many times as long as it stood still a thread runs at least before it is suspended again: whoever asks without
// pause leaves the target half of its time. Without this it was left a fortieth of it, under Wine.
constexpr int64_t kRest = 1;

// WOW64 needs more rights than to read and write the context, because the context is the emulator's.
constexpr DWORD kRights = THREAD_SUSPEND_RESUME | THREAD_GET_CONTEXT | THREAD_SET_CONTEXT | THREAD_QUERY_INFORMATION |
                          THREAD_SET_INFORMATION;

// CONTEXT_EXCEPTION_REQUEST has the system say whether the thread is in the middle of an exception or a system call, when
// the registers may be about to change or not the current ones. Older systems ignore it.
constexpr DWORD kExceptionRequest = 0x40000000;

CodeRange own_code;
std::atomic<bool> failure_logged{false};

int64_t counter() {
  LARGE_INTEGER ticks;
  QueryPerformanceCounter(&ticks);
  return ticks.QuadPart;
}

int32_t enter(HeddleThread* thread) {
  const int32_t guard = keep_exit_guard();
  if (guard != HEDDLE_OK) return guard;
  auto* record = static_cast<SuspendThreadRecord*>(HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, sizeof(SuspendThreadRecord)));
  if (record == nullptr) {
    log_line(HEDDLE_LOG_ERROR, "suspend: no memory for what is kept of a thread");
    return HEDDLE_E_NO_MEMORY;
  }
  record->id = GetCurrentThreadId();
  HANDLE process = GetCurrentProcess();
  if (DuplicateHandle(process, GetCurrentThread(), process, &record->handle, kRights, FALSE, 0) == 0) {
    log_line(HEDDLE_LOG_ERROR, "suspend: DuplicateHandle of a thread: error %lu", GetLastError());
    HeapFree(GetProcessHeap(), 0, record);
    return HEDDLE_E_OS;
  }
  thread->preempter_data = record;
  return HEDDLE_OK;
}

void leave(HeddleThread* thread) {
  auto* record = static_cast<SuspendThreadRecord*>(thread->preempter_data);
  if (record == nullptr) return;
  for (uint32_t idle = kIdle; !record->request.compare_exchange_strong(idle, kClosed); idle = kIdle) SwitchToThread();
  thread->preempter_data = nullptr;
  CloseHandle(record->handle);
  HeapFree(GetProcessHeap(), 0, record);
}

// The thread stands still. The name of the call that failed, or null.
const char* deliver(HeddleThread* thread, HANDLE handle) {
  alignas(16) CONTEXT context{};
  context.ContextFlags = CONTEXT_CONTROL | CONTEXT_INTEGER | CONTEXT_SEGMENTS | kExceptionRequest;
  // SuspendThread only asks for it; this waits until the thread stands still.
  if (GetThreadContext(handle, &context) == 0) return "GetThreadContext";
  if (host->deliver(thread, &context) != 1) return nullptr;
  context.ContextFlags = CONTEXT_CONTROL;
  return SetThreadContext(handle, &context) == 0 ? "SetThreadContext" : nullptr;
}

const char* interrupt(HeddleThread* thread, HANDLE handle) {
  if (SuspendThread(handle) == static_cast<DWORD>(-1)) return "SuspendThread";
  const char* failed = deliver(thread, handle);
  const DWORD error = GetLastError();
  ResumeThread(handle);
  SetLastError(error);
  return failed;
}

int32_t report_failure(const char* call, DWORD error) {
  if (!failure_logged.exchange(true)) log_line(HEDDLE_LOG_ERROR, "suspend: %s: error %lu", call, error);
  return HEDDLE_E_OS;
}

int32_t suspend_and_deliver(HeddleThread* thread, SuspendThreadRecord& record) {
  const int64_t began = counter();
  if (began < record.not_before || !suspension_lock.try_take()) return HEDDLE_OK;
  const int64_t suspended = counter();
  const char* failed = interrupt(thread, record.handle);
  const DWORD error = GetLastError();
  suspension_lock.give_back();
  const int64_t resumed = counter();
  record.not_before = resumed + kRest * (resumed - suspended);
  return failed == nullptr ? HEDDLE_OK : report_failure(failed, error);
}

[[noreturn]] void die_of_self_preemption() {
  log_line(HEDDLE_LOG_ERROR, "fatal: a thread asked for its own preemption, and would have stood still for ever");
  TerminateProcess(GetCurrentProcess(), 2);
  __builtin_unreachable();
}

int32_t request(HeddleThread* thread) {
  auto* record = static_cast<SuspendThreadRecord*>(thread->preempter_data);
  if (record == nullptr) return HEDDLE_E_INVALID;
  if (record->id == GetCurrentThreadId()) die_of_self_preemption();
  uint32_t seen = kIdle;
  if (!record->request.compare_exchange_strong(seen, kUnderWay)) return seen == kClosed ? HEDDLE_E_INVALID : HEDDLE_OK;
  const DWORD last_error = GetLastError();
  const int32_t result = suspend_and_deliver(thread, *record);
  SetLastError(last_error);
  record->request.store(kIdle);
  return result;
}

void locate(const void* context, HeddleRegisters* out) {
  *out = interrupted_registers(*static_cast<const CONTEXT*>(context));
}

int32_t inject(void* context) {
  auto& interrupted = *static_cast<CONTEXT*>(context);
  if (own_code.contains(interrupted_registers(interrupted).pc)) return HEDDLE_E_INVALID;
  return inject_preemption(interrupted);
}

}  // namespace

HeddlePreempter suspend_preempter{
    sizeof(HeddlePreempter), 0, "suspend", enter, leave, request, locate, inject, nullptr};

void open_suspend_preempter() {
  own_code = find_code(reinterpret_cast<uintptr_t>(&heddle_async_preempt));
  suspend_preempter.inject_bytes = inject_bytes() + kOverflowPages * stack_memory.page_bytes;
}

}  // namespace heddle::port
