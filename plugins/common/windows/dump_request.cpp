// See dump_request.hpp. The console asks the handlers of a process in turn, the newest first, on a thread that it makes for the event:
// one that the program adds later comes before ours, and one that it added earlier does not get the event any more.
#include "windows/dump_request.hpp"

#include <windows.h>

#include <atomic>

namespace heddle::port {
namespace {

using Asked = void (*)(const char* event);

SRWLOCK lock = SRWLOCK_INIT;  // held while a call is under way
std::atomic<Asked> on_break{nullptr};

// The system may call with a stack that is aligned to 4 bytes only (386).
[[gnu::force_align_arg_pointer]] BOOL WINAPI handle(DWORD event) {
  if (event != CTRL_BREAK_EVENT) return FALSE;
  AcquireSRWLockShared(&lock);
  const Asked asked = on_break.load();
  if (asked != nullptr) asked("Ctrl-Break");
  ReleaseSRWLockShared(&lock);
  return asked != nullptr ? TRUE : FALSE;
}

int32_t watch(Asked asked) {
  if (SetConsoleCtrlHandler(handle, TRUE) == 0) return HEDDLE_E_OS;
  on_break.store(asked);
  return HEDDLE_OK;
}

void unwatch() {
  SetConsoleCtrlHandler(handle, FALSE);
  on_break.store(nullptr);
  AcquireSRWLockExclusive(&lock);
  ReleaseSRWLockExclusive(&lock);
}

// ExitProcess, where _Exit ends, has the other threads killed wherever they are and then runs the ends of all libraries: static destructors that
// want a lock of one that is gone, also of the C++ library's condition variables, wait for ever.
void end(int32_t status) {
  TerminateProcess(GetCurrentProcess(), static_cast<UINT>(status));
}

}  // namespace

const HeddleDumpRequest dump_request{sizeof(HeddleDumpRequest), 0, watch, unwatch, end};

}  // namespace heddle::port
