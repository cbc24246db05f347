// See fault_watch.hpp. The filter for exceptions that nobody handles comes last, behind the frames' and the vectored handlers; one that the program
// had before is asked first and may go on, one that it sets later takes ours away.
#include "windows/fault_watch.hpp"

#include <windows.h>

#include <atomic>

#include "machine.h"

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

// The system may call with a stack that is aligned to 4 bytes only (386).
[[gnu::force_align_arg_pointer]] LONG WINAPI filter(EXCEPTION_POINTERS* pointers) {
  const auto before = previous.load();
  const LONG verdict = before != nullptr ? before(pointers) : EXCEPTION_CONTINUE_SEARCH;
  if (verdict == EXCEPTION_CONTINUE_EXECUTION) return verdict;
  const EXCEPTION_RECORD& record = *pointers->ExceptionRecord;
  const char* name = name_of(record.ExceptionCode);
  const Noticed noticed = on_fault.load();
  if (name == nullptr || noticed == nullptr) return verdict;
  const bool addressed = has_address(record);
  const HeddleFault fault{sizeof(HeddleFault), addressed ? HEDDLE_FAULT_HAS_ADDRESS : 0, name,
                          addressed ? static_cast<uintptr_t>(record.ExceptionInformation[1]) : 0,
                          interrupted_registers(*pointers->ContextRecord)};
  noticed(&fault);
  return verdict;
}

int32_t watch(Noticed noticed) {
  on_fault.store(noticed);
  previous.store(SetUnhandledExceptionFilter(filter));
  return HEDDLE_OK;
}

void unwatch() {
  on_fault.store(nullptr);
  const auto current = SetUnhandledExceptionFilter(previous.load());
  if (current != filter) SetUnhandledExceptionFilter(current);  // the program's, set since
}

}  // namespace

const HeddleFaultWatch fault_watch{sizeof(HeddleFaultWatch), 0, watch, unwatch};

}  // namespace heddle::port
