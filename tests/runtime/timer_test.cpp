// Timer: the function runs once, or stop() says that it never will.
#include "runtime/child.hpp"
#include "runtime/scenario.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <atomic>
#include <memory>
#include <optional>
#include <random>
#include <system_error>
#include <vector>

namespace heddle::test {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;

class TimerOn : public testing::TestWithParam<std::uint32_t> {};

TEST_P(TimerOn, FiresOnceAndNotEarly) {
  passes_in_child([] {
    run(config(kPreemptive, GetParam()), [] {
      std::atomic<int> fired{0};
      std::atomic<std::int64_t> at{0};
      const std::int64_t start = nanotime();
      Timer timer(milliseconds(10), [&] {
        at = nanotime();
        ++fired;
      });
      this_fiber::sleep_for(milliseconds(30));
      while (fired == 0) this_fiber::yield();
      EXPECT_GE(at - start, 10'000'000);
      EXPECT_FALSE(timer.stop());
      this_fiber::sleep_for(milliseconds(20));
      EXPECT_EQ(fired, 1);
      EXPECT_GE(stats().timers_fired, 1U);
    });
  });
}

// Also on a machine that gives this thread no time for a while.
constexpr milliseconds kLongEnoughToStop{200};

TEST_P(TimerOn, StoppedNeverFires) {
  passes_in_child([] {
    run(config(kPreemptive, GetParam()), [] {
      std::atomic<int> fired{0};
      Timer timer(kLongEnoughToStop, [&] { ++fired; });
      EXPECT_TRUE(timer.stop());
      EXPECT_FALSE(timer.stop());
      {
        const Timer dropped(kLongEnoughToStop, [&] { ++fired; });
      }
      Timer replaced(kLongEnoughToStop, [&] { ++fired; });
      replaced = Timer();
      this_fiber::sleep_for(kLongEnoughToStop + milliseconds(30));
      EXPECT_EQ(fired, 0);
    });
  });
}

TEST_P(TimerOn, StopAndFireAgreeInARace) {
  passes_in_child([] {
    std::mt19937_64 random(seed());
    run(config(kPreemptive, GetParam()), [&] {
      int stopped = 0;
      int rounds = 0;
      const auto least = static_cast<int>(scaled(2'000));
      std::atomic<int> fired{0};
      for (; rounds < least || stopped == 0 || fired == 0; ++rounds) {  // a few may all go the same way on a busy machine
        Timer timer(microseconds(random() % 100), [&] { ++fired; });
        spin(random() % 100'000);
        if (random() % 2) this_fiber::yield();
        stopped += timer.stop();
      }
      // A function that had started may still be on its way to the counter.
      while (fired + stopped < rounds) this_fiber::yield();
      this_fiber::sleep_for(milliseconds(10));
      EXPECT_EQ(fired + stopped, rounds);
    });
  });
}

TEST_P(TimerOn, MayBlockInItsFunction) {
  passes_in_child([] {
    run(config(kPreemptive, GetParam()), [] {
      Channel<FiberId> channel;
      std::vector<Timer> timers;
      for (int i = 0; i < 20; ++i) {
        timers.emplace_back(milliseconds(1), [&] {
          this_fiber::sleep_for(milliseconds(1));
          channel.send(this_fiber::get_id());
        });
      }
      for (int i = 0; i < 20; ++i) {
        const std::optional<FiberId> id = channel.receive();
        ASSERT_TRUE(id);
        EXPECT_NE(*id, this_fiber::get_id());
        EXPECT_NE(*id, FiberId());
      }
    });
  });
}

INSTANTIATE_TEST_SUITE_P(Processors, TimerOn, testing::Values(1, 4), testing::PrintToStringParamName());

TEST(Timer, LongOneDoesNotKeepRunFromReturning) {
  passes_in_child([] {
    const auto held = std::make_shared<int>(0);
    run(config(kPreemptive, 1), [&] {
      Timer timer(hours(24 * 365 * 1'000), [held] {});
      EXPECT_GE(held.use_count(), 2);
      EXPECT_TRUE(timer.stop());
    });
    EXPECT_EQ(held.use_count(), 1);
  });
}

TEST(Timer, NeedsAFiber) {
  try {
    const Timer timer(milliseconds(1), [] {});
    FAIL() << "wanted a std::system_error";
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code(), std::errc::operation_not_permitted) << error.what();
  }
}

}  // namespace
}  // namespace heddle::test
