// Ctrl-Break: a dump and exit status 2, unless the program handles it.
#include "runtime/child.hpp"
#include "runtime/four_loops.hpp"
#include "runtime/scenario.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <windows.h>
#include <atomic>
#include <cstdint>
#include <string>

namespace heddle::test {
namespace {

/// Does in this process what the console does for that key in each of its own: calls the system's routine for it, on a thread made for
/// that. GenerateConsoleCtrlEvent would reach every process of the console, and Wine 8 cannot do it for Ctrl-Break.
void press_ctrl_break() {
  const auto routine = GetProcAddress(GetModuleHandleW(L"kernelbase.dll"), "CtrlRoutine");
  ASSERT_NE(routine, nullptr);
  const HANDLE thread = CreateThread(nullptr, 0, reinterpret_cast<LPTHREAD_START_ROUTINE>(reinterpret_cast<void*>(routine)),
                                     reinterpret_cast<void*>(std::uintptr_t{CTRL_BREAK_EVENT}), 0, nullptr);
  ASSERT_NE(thread, nullptr);
  CloseHandle(thread);
}

TEST_P(DumpOfFourLoops, OnCtrlBreak) {
  shown_on("Ctrl-Break", press_ctrl_break);
}

std::atomic<int> handled{0};

BOOL WINAPI handle(DWORD event) {
  if (event != CTRL_BREAK_EVENT) return FALSE;
  ++handled;
  return TRUE;
}

TEST(CtrlBreakHandler, OfTheProgramThatIsNewerComesFirst) {
  passes_in_child([] {
    run(config(kPreemptive, 2), [] {
      ASSERT_NE(SetConsoleCtrlHandler(handle, TRUE), 0);
      press_ctrl_break();
      while (handled == 0) this_fiber::yield();
    });
  });
}

TEST(CtrlBreakHandler, IsAsBeforeWhenRunHasReturned) {
  passes_in_child([] {
    ASSERT_NE(SetConsoleCtrlHandler(handle, TRUE), 0);
    run(config(kPreemptive, 2), [] {});
    press_ctrl_break();
    while (handled == 0) Sleep(1);
  });
}

}  // namespace
}  // namespace heddle::test
