// See timekeeper.hpp.
//
// The resolution goes through timeBeginPeriod and not NtSetTimerResolution: the kernel keeps one request for a process,
// and winmm.dll counts those of the program and ours together. winmm.dll is loaded when a thread first asks, because few
// programs have it, and released with the resolution.
#include "windows/timekeeper.hpp"

#include <windows.h>

#include <cwchar>

#include "windows/loader_list.hpp"

namespace heddle::port {
namespace {

using Period = UINT(WINAPI*)(UINT milliseconds);

constexpr UINT kMilliseconds = 1;  // the finest that timeBeginPeriod grants

SRWLOCK lock = SRWLOCK_INIT;  // guards what follows
HMODULE winmm = nullptr;      // not null while the resolution is ours
Period end_period = nullptr;

// By its path: a winmm.dll in the program's folder is none of ours to load.
HMODULE load_winmm() {
  wchar_t path[MAX_PATH + 16] = L"";
  const UINT length = GetSystemDirectoryW(path, MAX_PATH);
  if (length == 0 || length >= MAX_PATH) return nullptr;
  wcscpy(path + length, L"\\winmm.dll");
  return LoadLibraryW(path);
}

void raise_resolution() {
  winmm = load_winmm();
  if (winmm == nullptr) return;
  const auto begin_period = find_function<Period>(winmm, "timeBeginPeriod");
  end_period = find_function<Period>(winmm, "timeEndPeriod");
  if (begin_period != nullptr && end_period != nullptr && begin_period(kMilliseconds) == 0) return;
  FreeLibrary(winmm);
  winmm = nullptr;
}

void enter() {
  SetThreadPriority(GetCurrentThread(), THREAD_PRIORITY_TIME_CRITICAL);
  AcquireSRWLockExclusive(&lock);
  if (winmm == nullptr) raise_resolution();
  ReleaseSRWLockExclusive(&lock);
}

}  // namespace

const HeddleTimekeeper timekeeper{sizeof(HeddleTimekeeper), 0, enter};

void close_timekeeper() {
  AcquireSRWLockExclusive(&lock);
  if (winmm != nullptr) {
    end_period(kMilliseconds);
    FreeLibrary(winmm);
    winmm = nullptr;
  }
  ReleaseSRWLockExclusive(&lock);
}

}  // namespace heddle::port
