// Sleeping: never too short, in the order of the deadlines, and of the order of magnitude that was asked for.
#include "runtime/child.hpp"
#include "runtime/scenario.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <algorithm>
#include <chrono>
#include <ctime>
#include <random>
#include <system_error>
#include <vector>

namespace heddle::test {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

class SleepOn : public testing::TestWithParam<std::uint32_t> {};

TEST_P(SleepOn, LastsAtLeastAsLongAsAsked) {
  passes_in_child([] {
    std::mt19937_64 random(seed());
    run(config(kPreemptive, GetParam()), [&] {
      std::vector<Fiber> fibers;
      for (int i = 0; i < 50; ++i) {
        fibers.emplace_back([us = microseconds(random() % 3'000)] {
          for (int round = 0; round < 20; ++round) {
            const std::int64_t start = nanotime();
            this_fiber::sleep_for(us);
            ASSERT_GE(nanotime() - start, us.count() * 1'000);
          }
        });
      }
    });
  });
}

TEST_P(SleepOn, LatenessIsOfTheRightOrder) {
  passes_in_child([] {
    run(config(kPreemptive, GetParam()), [] {
      std::vector<std::int64_t> late;
      for (int round = 0; round < 51; ++round) {
        const std::int64_t start = nanotime();
        this_fiber::sleep_for(milliseconds(1));
        late.push_back(nanotime() - start - 1'000'000);
      }
      std::nth_element(late.begin(), late.begin() + 25, late.end());
      EXPECT_LT(late[25], 10'000'000) << "half of the sleeps of one millisecond took more than eleven";
    });
  });
}

// Of this process. std::clock() is elapsed time on Windows.
std::chrono::nanoseconds processor_time() {
  timespec used{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

// CPU time, not elapsed time: 5 per cent of the sleep would be 15 ms; the bound is ten times that. A spinning worker
// uses 300.
TEST_P(SleepOn, AnIdleProcessUsesNoProcessor) {
  passes_in_child([] {
    run(config(kPreemptive, GetParam()), [] {
      std::vector<Fiber> fibers;
      for (int i = 0; i < 10; ++i) fibers.emplace_back([] { this_fiber::sleep_for(milliseconds(350)); });
      this_fiber::sleep_for(milliseconds(20));  // the workers have found that there is nothing to do
      const std::chrono::nanoseconds before = processor_time();
      this_fiber::sleep_for(milliseconds(300));
      EXPECT_LT(processor_time() - before, milliseconds(150));
    });
  });
}

INSTANTIATE_TEST_SUITE_P(Processors, SleepOn, testing::Values(1, 4), testing::PrintToStringParamName());

TEST(Sleep, PastDeadlinesOnlyYield) {
  passes_in_child([] {
    run(config("none", 1), [] {
      bool other_ran = false;
      Fiber other([&] { other_ran = true; });
      this_fiber::sleep_for(milliseconds(-5));
      EXPECT_TRUE(other_ran);
      this_fiber::sleep_until(std::chrono::steady_clock::now() - milliseconds(5));
      this_fiber::sleep_until(std::chrono::system_clock::now() - milliseconds(5));
      this_fiber::sleep_for(milliseconds(0));
    });
  });
}

TEST(Sleep, NeedsAFiber) {
  try {
    this_fiber::sleep_for(milliseconds(1));
    FAIL() << "wanted a std::system_error";
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code(), std::errc::operation_not_permitted) << error.what();
  }
}

}  // namespace
}  // namespace heddle::test
