// Once: exactly one call succeeds, and nobody returns before it has.
#include "runtime/each_strategy.hpp"
#include "runtime/threads.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <atomic>
#include <stdexcept>
#include <vector>

namespace heddle::test {
namespace {

class OnceUnder : public EachStrategy {};
INSTANTIATE_TEST_SUITE_P(On, OnceUnder, each_strategy(), strategy_name);

TEST_P(OnceUnder, RunsOnceForFibersAndThreads) {
  passes([] {
    for (int round = 0; round < 50; ++round) {
      Once once;
      int made = 0;
      const auto need = [&](bool fiber) {
        once.call(
            [&](int by) {
              if (fiber) this_fiber::yield();
              made += by;
            },
            7);
        EXPECT_EQ(made, 7);
      };
      Threads threads;
      std::vector<Fiber> fibers;
      for (int i = 0; i < 5; ++i) fibers.emplace_back(need, true);
      threads.start([&] { need(false); });
      fibers.clear();
      threads.join();
      EXPECT_EQ(made, 7);
    }
  });
}

TEST_P(OnceUnder, TriesAgainAfterAnException) {
  passes([] {
    Once once;
    int tries = 0;
    std::atomic<int> caught{0};
    std::vector<Fiber> fibers;
    for (int i = 0; i < 8; ++i) {
      fibers.emplace_back([&] {
        try {
          once.call([&] {
            this_fiber::yield();
            if (++tries <= 3) throw std::runtime_error("not yet");
          });
        } catch (const std::runtime_error&) {
          ++caught;
        }
      });
    }
    fibers.clear();
    EXPECT_EQ(tries, 4);
    EXPECT_EQ(caught, 3);
  });
}

}  // namespace
}  // namespace heddle::test
