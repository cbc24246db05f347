// Barrier: nobody is a phase ahead, and the completion function runs once between two.
#include "runtime/each_strategy.hpp"
#include "runtime/threads.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <atomic>
#include <utility>
#include <vector>

namespace heddle::test {
namespace {

class BarrierUnder : public EachStrategy {};
INSTANTIATE_TEST_SUITE_P(On, BarrierUnder, each_strategy(), strategy_name);

TEST_P(BarrierUnder, KeepsFibersAndThreadsInStep) {
  passes([] {
    constexpr int kRounds = 100;
    int completed = 0;  // guarded by the barrier
    std::atomic<int> arrived{0};
    Barrier barrier(6, [&]() noexcept {
      ++completed;
      EXPECT_EQ(arrived, 6 * ((completed + 1) / 2));  // two phases a round: nobody is ahead in either
    });
    const auto step = [&] {
      for (int round = 1; round <= kRounds; ++round) {
        ++arrived;
        barrier.arrive_and_wait();
        EXPECT_GE(arrived, 6 * round);
        barrier.arrive_and_wait();
      }
    };
    Threads threads;
    std::vector<Fiber> fibers;
    for (int i = 0; i < 4; ++i) fibers.emplace_back(step);
    for (int i = 0; i < 2; ++i) threads.start(step);
    fibers.clear();
    threads.join();
    EXPECT_EQ(completed, 2 * kRounds);
  });
}

TEST_P(BarrierUnder, GoesOnWithoutThoseWhoDropOut) {
  passes([] {
    int completed = 0;
    Barrier barrier(4, [&]() noexcept { ++completed; });
    std::vector<Fiber> fibers;
    for (int i = 0; i < 4; ++i) {
      fibers.emplace_back([&, i] {
        for (int phase = 0; phase < 10 * i; ++phase) barrier.arrive_and_wait();
        barrier.arrive_and_drop();
      });
    }
    fibers.clear();
    EXPECT_EQ(completed, 31);
  });
}

TEST(Barrier, SeparatesArrivingFromWaiting) {
  on_one_processor([] {
    Barrier barrier(3);
    auto first = barrier.arrive(2);
    bool passed = false;
    Fiber fiber([&] {
      barrier.wait(std::move(first));
      passed = true;
    });
    this_fiber::yield();
    EXPECT_FALSE(passed);
    barrier.wait(barrier.arrive());
    fiber.join();
    EXPECT_TRUE(passed);
  });
}

TEST(Barrier, TooManyArrivalsEndTheProcess) {
  ends_with_a_message(
      [] {
        Barrier barrier(2);
        (void)barrier.arrive(3);
      },
      "heddle::Barrier: ");
}

}  // namespace
}  // namespace heddle::test
