// The clocks: the same as the system's, from every source that the port has, before, during and after run().
#include "runtime/child.hpp"
#include "runtime/scenario.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <atomic>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace heddle::test {
namespace {

std::int64_t steady() {
  return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}
std::int64_t real() {
  return std::chrono::nanoseconds(std::chrono::system_clock::now().time_since_epoch()).count();
}

/// How far a source may be behind the standard library's clock: the one of Windows' shared page ticks every 0.5 to 16 ms.
std::int64_t lag_of(const std::string& source) {
  const bool ticks = std::string_view(kPreemptive) == "suspend" && source == "vdso";
  return ticks ? 100'000'000 : 0;
}

/// Each reading lies between two of the standard library's; a clock that is set meanwhile would show in the real
/// time, hence the slack.
void expect_the_systems_time(std::int64_t lag = 0) {
  for (int round = 0; round < 1'000; ++round) {
    const std::int64_t before = steady();
    const std::int64_t now = nanotime();
    ASSERT_LE(before, now + lag);
    ASSERT_LE(now, steady());
    const std::int64_t real_before = real();
    const std::int64_t real_now = walltime();
    ASSERT_NEAR(static_cast<double>(real_now), static_cast<double>(real_before), 1e10);
  }
}

TEST(Clock, IsTheSystemsWithoutARuntime) {
  expect_the_systems_time();
}

class ClockSource : public testing::TestWithParam<const char*> {
 protected:
  static Config configuration(std::uint32_t processors) {
    Config configuration = config(kPreemptive, processors);
    configuration.vdso_caller = GetParam();
    return configuration;
  }
};

TEST_P(ClockSource, IsTheSystemsInAFiberAndAfter) {
  passes_in_child([] {
    const std::int64_t before = nanotime();
    run(configuration(1), [&] {
      const std::int64_t lag = lag_of(GetParam());
      EXPECT_GE(nanotime() + lag, before);
      expect_the_systems_time(lag);
    });
    expect_the_systems_time();
  });
}

TEST_P(ClockSource, NeverGoesBackWhilePreempted) {
  passes_in_child([] {
    run(configuration(2), [] {
      std::atomic<int> wrong{0};
      std::vector<Fiber> fibers;
      for (int i = 0; i < 6; ++i) {
        fibers.emplace_back([&] {
          std::int64_t last = nanotime();
          for (std::size_t round = 0, rounds = scaled(300'000); round < rounds; ++round) {
            const std::int64_t now = nanotime();
            if (now < last || now > last + 5'000'000'000) ++wrong;
            last = now;
          }
        });
      }
      fibers.clear();
      EXPECT_EQ(wrong, 0);
    });
  });
}

INSTANTIATE_TEST_SUITE_P(Of, ClockSource, testing::Values("default", "vdso", "syscall"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace heddle::test
