// See fault_watch.hpp. The filter for exceptions that nobody handles comes last, behind the frames' and the vectored handlers; one that the program
// had before is asked first and may go on, one that it sets later takes ours away.
//
// A stack that is used up comes first, to a vectored handler. The system calls it on that very stack, with two pages left at most (one on
// 386), so it does no more than change to another stack, of which there is one for all: who tells of an overflow seldom comes back.
#include "windows/fault_watch.hpp"

#include <windows.h>

#include <atomic>

#include "host.hpp"
#include "machine.h"
#include "windows/stack_memory.hpp"

namespace heddle::port {
namespace {

struct Watched {
  DWORD code;
  const char* name;
};
// Not among them: what languages throw, which has other ways to be reported.
constexpr Watched kWatched[] = {{EXCEPTION_ACCESS_VIOLATION, "access violation"},
                                {EXCEPTION_IN_PAGE_ERROR, "in-page error"},
                                {EXCEPTION_DATATYPE_MISALIGNMENT, "misaligned access"},
                                {EXCEPTION_ILLEGAL_INSTRUCTION, "illegal instruction"},
                                {EXCEPTION_PRIV_INSTRUCTION, "privileged instruction"},
                                {EXCEPTION_INT_DIVIDE_BY_ZERO, "integer division by zero"},
                                {EXCEPTION_INT_OVERFLOW, "integer overflow"},
                                {EXCEPTION_FLT_DIVIDE_BY_ZERO, "floating-point division by zero"},
                                {EXCEPTION_FLT_INVALID_OPERATION, "invalid floating-point operation"},
                                {EXCEPTION_FLT_OVERFLOW, "floating-point overflow"},
                                {EXCEPTION_FLT_UNDERFLOW, "floating-point underflow"},
                                {EXCEPTION_STACK_OVERFLOW, "stack overflow"}};

using Noticed = void (*)(const HeddleFault* fault);

std::atomic<Noticed> on_fault{nullptr};
std::atomic<LPTOP_LEVEL_EXCEPTION_FILTER> previous{nullptr};

const char* name_of(DWORD code) {
  for (const Watched& watched : kWatched) {
    if (watched.code == code) return watched.name;
  }
  return nullptr;
}

bool has_address(const EXCEPTION_RECORD& record) {
  const bool access = record.ExceptionCode == EXCEPTION_ACCESS_VIOLATION || record.ExceptionCode == EXCEPTION_IN_PAGE_ERROR;
  return access && record.NumberParameters >= 2;
}

// What notice() hands through call_interrupted.
struct Notice {
  Noticed noticed;
  HeddleFault fault;
};

void* pass_on(void* notice) {
  const Notice& passed = *static_cast<Notice*>(notice);
  passed.noticed(&passed.fault);
  return nullptr;
}

void notice(const char* name, uint32_t flags, const EXCEPTION_POINTERS& pointers) {
  const EXCEPTION_RECORD& record = *pointers.ExceptionRecord;
  uintptr_t address = 0;
  if (has_address(record)) {
    flags |= HEDDLE_FAULT_HAS_ADDRESS;
    address = static_cast<uintptr_t>(record.ExceptionInformation[1]);
  }
  Notice passed{on_fault.load(), {sizeof(HeddleFault), flags, name, address, interrupted_registers(*pointers.ContextRecord)}};
  if (passed.noticed != nullptr) call_interrupted(*pointers.ContextRecord, pass_on, &passed);
}

// The system may call with a stack that is aligned to 4 bytes only (386).
[[gnu::force_align_arg_pointer]] LONG WINAPI filter(EXCEPTION_POINTERS* pointers) {
  const auto before = previous.load();
  const LONG verdict = before != nullptr ? before(pointers) : EXCEPTION_CONTINUE_SEARCH;
  if (verdict == EXCEPTION_CONTINUE_EXECUTION) return verdict;
  const char* name = name_of(pointers->ExceptionRecord->ExceptionCode);
  if (name != nullptr) notice(name, 0, *pointers);
  return verdict;
}

constexpr size_t kOtherStackBytes = 256 << 10;

void* other_stack = nullptr;  // committed as a whole, and never given back
std::atomic<bool> other_stack_taken{false};
void* vectored = nullptr;

// Has the thread touched the lowest page of the stack that it runs on, which the system gives to nobody?
bool is_overflow(const EXCEPTION_RECORD& record) {
  if (record.ExceptionCode == EXCEPTION_STACK_OVERFLOW) return true;
  if (record.ExceptionCode != EXCEPTION_ACCESS_VIOLATION || !has_address(record)) return false;
  return static_cast<uintptr_t>(record.ExceptionInformation[1]) - stack_allocation() < stack_memory.page_bytes;
}

void* notice_overflow(void* pointers) {
  notice("stack overflow", HEDDLE_FAULT_IS_OVERFLOW | HEDDLE_FAULT_MAY_BE_HANDLED, *static_cast<EXCEPTION_POINTERS*>(pointers));
  return nullptr;
}

[[gnu::force_align_arg_pointer]] LONG WINAPI handle_first(EXCEPTION_POINTERS* pointers) {
  if (!is_overflow(*pointers->ExceptionRecord) || heddle_tls_get() == nullptr) return EXCEPTION_CONTINUE_SEARCH;
  while (other_stack_taken.exchange(true)) Sleep(1);  // the process is about to end
  const auto lo = reinterpret_cast<uintptr_t>(other_stack), hi = lo + kOtherStackBytes;
  HeddleStackBounds bounds{hi, lo, lo};
  heddle_call_on(reinterpret_cast<void*>(hi), notice_overflow, pointers, &bounds);
  other_stack_taken.store(false);
  return EXCEPTION_CONTINUE_SEARCH;
}

void watch_stacks() {
  constexpr ULONG kFirst = 1;
  if (other_stack == nullptr)
    other_stack = VirtualAlloc(nullptr, kOtherStackBytes, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
  if (other_stack == nullptr) {
    log_line(HEDDLE_LOG_ERROR, "fault watch: VirtualAlloc: error %lu; an overflow of a stack will not be told",
             GetLastError());
  } else {
    vectored = AddVectoredExceptionHandler(kFirst, handle_first);
  }
}

int32_t watch(Noticed noticed) {
  on_fault.store(noticed);
  previous.store(SetUnhandledExceptionFilter(filter));
  watch_stacks();
  return HEDDLE_OK;
}

void unwatch() {
  on_fault.store(nullptr);
  if (vectored != nullptr) RemoveVectoredExceptionHandler(vectored);
  vectored = nullptr;
  const auto current = SetUnhandledExceptionFilter(previous.load());
  if (current != filter) SetUnhandledExceptionFilter(current);  // the program's, set since
}

// A thread needs nothing of its own.
int32_t enter(HeddleThread*) {
  return HEDDLE_OK;
}

void leave(HeddleThread*) {}

}  // namespace

const HeddleFaultWatch fault_watch{sizeof(HeddleFaultWatch), 0, watch, unwatch, enter, leave};

}  // namespace heddle::port
