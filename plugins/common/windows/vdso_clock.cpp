// See vdso_clock.hpp.
//
// The page's clock goes in steps of half a millisecond to 16 ms, so the port's best is the performance counter, which
// Windows reads from the processor without a system call. The C++ library's steady clock is the same counter, and what is read
// before the port is open must agree with it. The page's interrupt time starts at another moment; what lies between is
// measured once, so that all tables tell the same time, and the page's is behind by a step at most, never ahead.
#include "windows/vdso_clock.hpp"

#include <windows.h>
#include <winternl.h>

#include <cstdint>

#include "host.hpp"
#include "machine.h"

extern "C" NTSTATUS NTAPI NtQueryPerformanceCounter(LARGE_INTEGER* counter, LARGE_INTEGER* frequency);

namespace heddle::port {
namespace {

constexpr int64_t kNanosecondsPerSecond = 1'000'000'000;
constexpr int64_t kUnit = 100;                        // of system times, ns
constexpr int64_t kUnitsTo1970 = 116444736000000000;  // system times count from 1601
constexpr int64_t kLongestTick = 50'000'000;          // ns; the slowest clock of any Windows ticks every 16 ms

int64_t frequency = 1;   // of the performance counter, Hz
int64_t page_start = 0;  // of the page's interrupt time, by the counter, ns

int64_t to_nanoseconds(int64_t ticks) {
  return ticks / frequency * kNanosecondsPerSecond + ticks % frequency * kNanosecondsPerSecond / frequency;
}

int64_t counter_monotonic_ns() {
  LARGE_INTEGER ticks;
  QueryPerformanceCounter(&ticks);
  return to_nanoseconds(ticks.QuadPart);
}

int64_t counter_realtime_ns() {
  FILETIME now;
  GetSystemTimePreciseAsFileTime(&now);
  const auto units = static_cast<int64_t>(static_cast<uint64_t>(now.dwHighDateTime) << 32 | now.dwLowDateTime);
  return (units - kUnitsTo1970) * kUnit;
}

int64_t syscall_monotonic_ns() {
  LARGE_INTEGER ticks;
  NtQueryPerformanceCounter(&ticks, nullptr);
  return to_nanoseconds(ticks.QuadPart);
}

// Not NtQuerySystemTime: since Windows 8 that one reads the page.
int64_t syscall_realtime_ns() {
  SYSTEM_TIMEOFDAY_INFORMATION times{};
  NtQuerySystemInformation(SystemTimeOfDayInformation, &times, sizeof times, nullptr);
  return (times.CurrentTime.QuadPart - kUnitsTo1970) * kUnit;
}

int32_t contains(uintptr_t) {
  return 0;
}

void* symbol(const char*) {
  return nullptr;
}

int64_t page_monotonic_ns() {
  return page_start + heddle_vdso_monotonic_ns();
}

// Waits for the page's next tick, and takes the last look before it as the moment from which both clocks count alike.
bool page_goes() {
  const int64_t first = heddle_vdso_monotonic_ns();
  if (first == 0) return false;
  const int64_t since = counter_monotonic_ns();
  for (int64_t before = since; before - since <= kLongestTick;) {
    Sleep(1);
    const int64_t counter = counter_monotonic_ns();
    const int64_t page = heddle_vdso_monotonic_ns();
    if (page != first) {
      page_start = before - page;
      return true;
    }
    before = counter;
  }
  return false;
}

void find_clocks() {
  LARGE_INTEGER hertz;
  QueryPerformanceFrequency(&hertz);
  frequency = hertz.QuadPart;
  if (page_goes()) {
    vdso_caller.source = "shared page";
    vdso_caller.monotonic_ns = page_monotonic_ns;
    vdso_caller.realtime_ns = heddle_vdso_realtime_ns;
    return;
  }
  log_line(HEDDLE_LOG_INFO,
           "the shared user data page has no interrupt time, or one that stands still: clocks are read from the "
           "performance counter");
}

}  // namespace

const HeddleVdsoCaller syscall_caller{sizeof(HeddleVdsoCaller), 0,        "syscall", syscall_monotonic_ns,
                                      syscall_realtime_ns,      contains, symbol};

const HeddleVdsoCaller counter_caller{
    sizeof(HeddleVdsoCaller), 0, "performance counter", counter_monotonic_ns, counter_realtime_ns, contains, symbol};

HeddleVdsoCaller vdso_caller = counter_caller;

void open_vdso_clock() {
  static bool found = false;  // a clock must not jump when the port is opened again
  if (!found) find_clocks();
  found = true;
}

}  // namespace heddle::port
