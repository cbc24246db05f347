// Calls of Windows that block the thread, on one processor: whoever ends the wait can run. Each is done until that has taken a rescue: a
// fiber that is preempted before it blocks needs none.
#include "runtime/child.hpp"
#include "runtime/scenario.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <windows.h>
#include <atomic>
#include <string>
#include <thread>

namespace heddle::test {
namespace {

class RescueFromACall : public testing::TestWithParam<std::string> {};

TEST_P(RescueFromACall, OfReadingAnEmptyPipe) {
  passes_in_child([] {
    run(config(GetParam(), 1), [] {
      HANDLE from = nullptr, to = nullptr;
      ASSERT_NE(CreatePipe(&from, &to, nullptr, 0), 0);
      for (char letter = 'a'; stats().rescues == 0; ++letter) {
        Fiber writer([&] {
          DWORD written = 0;
          EXPECT_NE(WriteFile(to, &letter, 1, &written, nullptr), 0);
        });
        char got = 0;
        DWORD bytes = 0;
        ASSERT_NE(ReadFile(from, &got, 1, &bytes, nullptr), 0) << GetLastError();
        EXPECT_EQ(got, letter);
      }
      CloseHandle(from);
      CloseHandle(to);
    });
  });
}

TEST_P(RescueFromACall, OfACriticalSection) {
  passes_in_child([] {
    run(config(GetParam(), 1), [] {
      CRITICAL_SECTION section;
      InitializeCriticalSection(&section);
      const HANDLE leave = CreateEventW(nullptr, FALSE, FALSE, nullptr);
      while (stats().rescues == 0) {
        Channel<int> held;
        std::thread holder([&] {
          EnterCriticalSection(&section);
          held.send(1);
          WaitForSingleObject(leave, INFINITE);
          LeaveCriticalSection(&section);
        });
        held.receive();
        Fiber other([&] { SetEvent(leave); });
        EnterCriticalSection(&section);
        LeaveCriticalSection(&section);
        other.join();
        holder.join();
      }
      CloseHandle(leave);
      DeleteCriticalSection(&section);
    });
  });
}

TEST_P(RescueFromACall, OfASleep) {
  passes_in_child([] {
    run(config(GetParam(), 1), [] {
      while (stats().rescues == 0) {
        std::atomic<bool> ran{false};
        Fiber other([&] { ran = true; });
        while (!ran) Sleep(200);
      }
    });
  });
}

INSTANTIATE_TEST_SUITE_P(Under, RescueFromACall, testing::ValuesIn(strategies_but_none()),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace heddle::test
