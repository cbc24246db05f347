// Ctrl-Break: a dump and exit status 2, unless the program handles it.
#include "runtime/child.hpp"
#include "runtime/named.hpp"
#include "runtime/scenario.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <windows.h>
#include <atomic>
#include <cstdint>
#include <string>

namespace heddle::test {
namespace {

bool says(const Outcome& outcome, const std::string& text) {
  return outcome.err.find(text) != std::string::npos;
}

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

class CtrlBreak : public testing::TestWithParam<Resume> {};

TEST_P(CtrlBreak, ShowsTheFramesOfFourLoops) {
  const Outcome outcome = in_child(
      [resume = GetParam()] {
        run(config(kPreemptive, 4, resume), [] {
          std::atomic<int> begun{0};
          for (const auto loop : kNamedLoops) Fiber([&begun, loop] { loop(begun); }).detach();
          while (begun < 4) this_fiber::yield();
          press_ctrl_break();
          for (;;) this_fiber::yield();
        });
      },
      std::chrono::seconds(30));
  EXPECT_EQ(outcome.exit_code, 2) << describe(outcome);
  EXPECT_TRUE(outcome.err.starts_with(
      "heddle: Ctrl-Break: the process ends with a dump of its fibers\nheddle: 5 fibers, 4 processors"))
      << describe(outcome);
  for (const char* name : kNamesOfLoops)
    EXPECT_TRUE(says(outcome, std::string("    at ") + name + "+0x")) << describe(outcome);
}

INSTANTIATE_TEST_SUITE_P(Of, CtrlBreak, testing::Values(Resume::kSameThread, Resume::kAnyThread), [](const auto& info) {
  return std::string(info.param == Resume::kSameThread ? "same_thread" : "any_thread");
});

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
