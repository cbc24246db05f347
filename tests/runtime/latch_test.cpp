// Latch: opens once, for everybody, when the count is zero and not before.
#include "runtime/each_strategy.hpp"
#include "runtime/threads.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <atomic>
#include <optional>
#include <vector>

namespace heddle::test {
namespace {

class LatchUnder : public EachStrategy {};
INSTANTIATE_TEST_SUITE_P(On, LatchUnder, each_strategy(), strategy_name);

TEST_P(LatchUnder, OpensWhenAllHaveArrived) {
  passes([] {
    for (int round = 0; round < 50; ++round) {
      Latch latch(6);
      std::atomic<int> arrived{0};
      const auto arrive = [&] {
        ++arrived;
        latch.arrive_and_wait();
        EXPECT_EQ(arrived, 5);
      };
      Threads threads;
      std::vector<Fiber> fibers;
      for (int i = 0; i < 4; ++i) fibers.emplace_back(arrive);
      threads.start(arrive);
      while (arrived < 5) this_fiber::yield();
      EXPECT_FALSE(latch.try_wait());
      latch.count_down();
      latch.wait();
      EXPECT_TRUE(latch.try_wait());
      fibers.clear();
      threads.join();
    }
  });
}

TEST_P(LatchUnder, MayBeDestroyedByWhoeverWaited) {
  passes([] {
    for (int round = 0; round < 500; ++round) {
      std::optional<Latch> latch(std::in_place, 2);
      Fiber first([&] { latch->count_down(); });
      Fiber second([&] { latch->count_down(); });
      latch->wait();
      latch.reset();
    }
  });
}

TEST(Latch, OfZeroIsOpen) {
  Latch latch(0);
  latch.wait();
  EXPECT_TRUE(latch.try_wait());
  latch.count_down(0);
}

TEST(Latch, NegativeCountEndsTheProcess) {
  ends_with_a_message(
      [] {
        Latch latch(1);
        latch.count_down(2);
      },
      "heddle::Latch::count_down: ");
}

}  // namespace
}  // namespace heddle::test
