// VdsoCaller on Windows: the shared page, the performance counter and the system call tell one time.
#include <windows.h>

#include "conformance/fixture.hpp"

namespace conformance {
namespace {

// The page is written every 0.5 to 16 ms; ten times that for a system that is late.
constexpr int64_t kTick = 160'000'000;

class ClocksOfWindows : public Conformance {
 protected:
  void SetUp() override {
    Conformance::SetUp();
    counter = static_cast<const HeddleVdsoCaller*>(port().get_interface(HEDDLE_VDSO_CALLER_IID "#performance-counter"));
    ASSERT_NE(counter, nullptr);
  }
  const HeddleVdsoCaller* counter = nullptr;
};

TEST_F(ClocksOfWindows, SourcesAreWhatTheyClaim) {
  EXPECT_STREQ(vdso->source, "shared page");
  EXPECT_STREQ(counter->source, "performance counter");
  EXPECT_STREQ(system_call->source, "syscall");
  EXPECT_EQ(port().get_interface(HEDDLE_VDSO_CALLER_IID), counter);
}

// `reading` was made between the other two.
void expect_between(int64_t before, int64_t reading, int64_t after) {
  EXPECT_GE(reading, before - kTick);
  EXPECT_LE(reading, after + kTick);
}

TEST_F(ClocksOfWindows, AllSourcesAgreeWithinATick) {
  for (int i = 0; i < 1000; ++i) {
    const int64_t before = system_call->monotonic_ns();
    const int64_t page = vdso->monotonic_ns(), counted = counter->monotonic_ns();
    const int64_t after = system_call->monotonic_ns();
    expect_between(before, page, after);
    expect_between(before, counted, after);
    if (HasFailure()) return;
  }
}

TEST_F(ClocksOfWindows, TheTimeOfDayIsTheSystemsWithinATick) {
  const auto system_time = [] {
    constexpr int64_t k1970 = 116'444'736'000'000'000;
    FILETIME time{};
    GetSystemTimeAsFileTime(&time);
    return ((static_cast<int64_t>(time.dwHighDateTime) << 32 | time.dwLowDateTime) - k1970) * 100;
  };
  for (const HeddleVdsoCaller* source : {vdso, counter, system_call}) {
    for (int i = 0; i < 1000; ++i) {
      const int64_t before = system_time();
      const int64_t reading = source->realtime_ns();
      const int64_t after = system_time();
      expect_between(before, reading, after);
      if (HasFailure()) return;
    }
  }
}

TEST_F(ClocksOfWindows, ThePageMovesOnWithTheCounter) {
  // Over a second by the one, a second by the other.
  const int64_t page = vdso->monotonic_ns(), counted = counter->monotonic_ns();
  while (counter->monotonic_ns() - counted < 1'000'000'000) SwitchToThread();
  const int64_t page_later = vdso->monotonic_ns();
  EXPECT_GE(page_later - page, 1'000'000'000 - kTick);
  EXPECT_LE(page_later - page, counter->monotonic_ns() - counted + kTick);
}

}  // namespace
}  // namespace conformance
