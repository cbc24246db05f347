// The scheduler at its limits: many fibers, many processors, work that must spread.
#include "runtime/child.hpp"
#include "runtime/scenario.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <atomic>
#include <vector>

namespace heddle::test {
namespace {

TEST(Scheduler, RunsAHundredThousandFibersOneAfterTheOther) {
  passes_in_child([] {
    std::atomic<int> ran{0};
    run(config(kPreemptive, 2), [&] {
      for (int i = 0; i < 100'000; ++i) Fiber([&] { ++ran; }).join();
      EXPECT_EQ(stats().fibers, 1U);
    });
    EXPECT_EQ(ran, 100'000);
  });
}

TEST(Scheduler, HoldsAHundredThousandFibersAtOnce) {
  passes_in_child(
      [] {
        constexpr int kFibers = 100'000;
        std::atomic<int> ran{0};
        Config small = config(kPreemptive, 2);
        small.stack.size = 16 << 10;  // all of them fit into the address space of a 32-bit machine
        small.stack.guard = false;    // a guard costs kernels older than 6.13 a mapping, and they allow 65,530
        run(small, [&] {
          Channel<int> gate;
          WaitGroup done(kFibers);
          for (int i = 0; i < kFibers; ++i) {
            Fiber([&] {
              gate.receive();
              ++ran;
              done.done();
            }).detach();
          }
          EXPECT_GE(stats().fibers, static_cast<std::uint64_t>(kFibers));
          EXPECT_EQ(ran, 0);
          gate.close();
          done.wait();
        });
        EXPECT_EQ(ran, kFibers);
      },
      std::chrono::seconds(30));
}

TEST(Scheduler, RunsAllOfARingThatOverflows) {
  passes_in_child([] {
    run(config("none", 1), [] {
      std::vector<int> order;
      std::vector<Fiber> fibers;
      for (int i = 0; i < 2'000; ++i) fibers.emplace_back([&order, i] { order.push_back(i); });
      fibers.clear();
      ASSERT_EQ(order.size(), 2'000U);
      std::vector<bool> seen(2'000, false);
      for (const int i : order) {
        EXPECT_FALSE(seen[static_cast<std::size_t>(i)]) << "fiber " << i << " ran twice";
        seen[static_cast<std::size_t>(i)] = true;
      }
    });
  });
}

class Stealing : public testing::TestWithParam<std::uint32_t> {};

TEST_P(Stealing, SpreadsTheWorkOfOneProcessor) {
  passes_in_child([] {
    run(config("none", GetParam()), [] {
      // Until it has been seen: a machine that is busy elsewhere may give a thief no time in the first rounds.
      std::atomic<int> ran{0};
      int wanted = 0;
      while (stats().steals == 0) {
        std::vector<Fiber> fibers;
        for (int i = 0; i < 200; ++i) {
          fibers.emplace_back([&] {
            spin(20'000);
            ++ran;
          });
        }
        wanted += 200;
        fibers.clear();
        ASSERT_EQ(ran, wanted);
      }
    });
  });
}

TEST_P(Stealing, LosesNoneOfATreeOfFibers) {
  passes_in_child([] {
    std::atomic<int> leaves{0};
    struct Tree {
      static void grow(int depth, std::atomic<int>& leaves) {
        if (depth == 0) {
          ++leaves;
          return;
        }
        std::vector<Fiber> branches;
        for (int i = 0; i < 8; ++i) branches.emplace_back(grow, depth - 1, std::ref(leaves));
      }
    };
    run(config(kPreemptive, GetParam()), [&] { Tree::grow(5, leaves); });
    EXPECT_EQ(leaves, 8 * 8 * 8 * 8 * 8);
  });
}

INSTANTIATE_TEST_SUITE_P(Processors, Stealing, testing::Values(2, 3, 4), testing::PrintToStringParamName());

TEST(Scheduler, StartsWithAThousandProcessors) {
  passes_in_child([] {
    std::atomic<int> ran{0};
    run(config(kPreemptive, 1024), [&] {
      EXPECT_EQ(stats().processors, 1024U);
      std::vector<Fiber> fibers;
      for (int i = 0; i < 5'000; ++i) {
        fibers.emplace_back([&] {
          for (int turn = 0; turn < 3; ++turn) this_fiber::yield();
          ++ran;
        });
      }
    });
    EXPECT_EQ(ran, 5'000);
  });
}

TEST(Scheduler, NeedsNoMoreWorkersThanProcessorsWithoutPreemption) {
  passes_in_child([] {
    run(config("none", 3), [] {
      std::vector<Fiber> fibers;
      for (int i = 0; i < 1'000; ++i) {
        fibers.emplace_back([] {
          for (int turn = 0; turn < 20; ++turn) this_fiber::yield();
        });
      }
      fibers.clear();
      EXPECT_LE(stats().workers, 3U);
    });
  });
}

TEST(Stats, CountsWhatHappens) {
  passes_in_child([] {
    EXPECT_EQ(stats().workers, 0U);
    run(config("none", 1), [] {
      const Stats before = stats();
      EXPECT_EQ(before.fibers, 1U);
      EXPECT_EQ(before.processors, 1U);
      EXPECT_GE(before.workers, 1U);
      {
        Fiber fiber([] {
          for (int i = 0; i < 100; ++i) this_fiber::yield();
        });
        EXPECT_EQ(stats().fibers, 2U);
        for (int i = 0; i < 100; ++i) this_fiber::yield();
      }
      const Stats after = stats();
      EXPECT_EQ(after.fibers, 1U);
      EXPECT_EQ(after.fibers_created, before.fibers_created + 1);
      EXPECT_GE(after.switches, before.switches + 200);
      EXPECT_EQ(after.preemptions, 0U);
    });
  });
}

}  // namespace
}  // namespace heddle::test
