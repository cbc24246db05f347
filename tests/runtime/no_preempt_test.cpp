// NoPreempt: nothing interrupts its fiber while one lives, and what was asked meanwhile is done when the last one
// ends.
#include "runtime/child.hpp"
#include "runtime/scenario.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <atomic>
#include <optional>
#include <string>
#include <vector>

namespace heddle::test {
namespace {

class NoPreemptRegion : public testing::TestWithParam<Resume> {
 protected:
  static Config one_processor() { return config(kPreemptive, 1, GetParam()); }
};

/// Works until the monitor has asked for this processor at least once, and for another fifty milliseconds.
void outstay_the_quantum() {
  const std::uint64_t before = stats().preemption_requests;
  while (stats().preemption_requests == before) spin(10'000);
  spin(50'000'000);
}

TEST_P(NoPreemptRegion, HoldsTheRequestUntilItsEnd) {
  passes_in_child([] {
    run(one_processor(), [] {
      std::atomic<bool> other_ran{false};
      Fiber other([&] { other_ran = true; });
      {
        const this_fiber::NoPreempt guard;
        outstay_the_quantum();
        EXPECT_FALSE(other_ran);
      }
      EXPECT_TRUE(other_ran);
    });
  });
}

TEST_P(NoPreemptRegion, NestsAndEndsWithTheOutermost) {
  passes_in_child([] {
    run(one_processor(), [] {
      std::atomic<bool> other_ran{false};
      Fiber other([&] { other_ran = true; });
      std::optional<this_fiber::NoPreempt> outer(std::in_place);
      {
        const this_fiber::NoPreempt inner;
        outstay_the_quantum();
      }
      this_fiber::checkpoint();
      EXPECT_FALSE(other_ran);
      outer.reset();
      EXPECT_TRUE(other_ran);
    });
  });
}

TEST_P(NoPreemptRegion, BelongsToTheFiberAndLetsItYield) {
  passes_in_child([] {
    run(one_processor(), [] {
      std::atomic<int> turns{0};
      std::atomic<bool> stop{false};
      Fiber hog([&] {
        for (; !stop; ++turns) spin(1'000);
      });
      const this_fiber::NoPreempt guard;
      // The hog runs while this fiber waits, outside any region of its own, so that it gives the processor back.
      for (int round = 0; round < 3; ++round) {
        this_fiber::yield();
        const int before = turns;
        outstay_the_quantum();
        EXPECT_EQ(turns, before);
      }
      stop = true;
      hog.join();
      EXPECT_GT(turns, 0);
    });
  });
}

INSTANTIATE_TEST_SUITE_P(Resume, NoPreemptRegion, testing::Values(Resume::kSameThread, Resume::kAnyThread), [](const auto& info) {
  return std::string(info.param == Resume::kSameThread ? "same_thread" : "any_thread");
});

TEST(NoPreempt, DoesNothingOnAnOrdinaryThread) {
  const this_fiber::NoPreempt guard;
  passes_in_child([] { run(config("none", 1), [] {}); });
}

// R31: requests that arrive while a call that must not be interrupted is under way are not lost when it ends.
class ShortCallsFair : public testing::TestWithParam<int> {};

void fake_system_call(int microseconds) {
  const this_fiber::NoPreempt guard;
  const std::int64_t end = nanotime() + microseconds * 1'000;
  while (nanotime() < end) spin(100);
}

TEST_P(ShortCallsFair, EveryFiberStarts) {
  passes_in_child(
      [microseconds = GetParam()] {
        run(config(kPreemptive, 2), [microseconds] {
          std::atomic<bool> stop{false};
          WaitGroup started(8);
          std::vector<Fiber> fibers;
          for (int i = 0; i < 8; ++i) {
            fibers.emplace_back([&, microseconds] {
              started.done();
              while (!stop) fake_system_call(microseconds);
            });
          }
          started.wait();
          stop = true;
        });
      },
      std::chrono::seconds(5));
}

INSTANTIATE_TEST_SUITE_P(Microseconds, ShortCallsFair, testing::Values(10, 100, 1000), testing::PrintToStringParamName());

}  // namespace
}  // namespace heddle::test
