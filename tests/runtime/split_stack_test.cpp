// Code that is compiled with -fsplit-stack on fibers whose stacks are too small for it.
#include "runtime/each_strategy.hpp"
#include "runtime/scenario.hpp"
#include "runtime/split_code.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <atomic>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

namespace heddle::test {
namespace {

constexpr FiberOptions kSmall{.stack_size = 64 << 10};

class SplitStack : public EachStrategy {
 protected:
  /// As the body of several fibers at a time, so that they move from thread to thread.
  static void passes_on_fibers(const std::function<void()>& body) {
    passes(
        [&body] {
          std::vector<std::unique_ptr<Fiber>> fibers;
          for (int i = 0; i < 4; ++i) fibers.push_back(std::make_unique<Fiber>(kSmall, body));
        },
        std::chrono::seconds(60));
  }
};
INSTANTIATE_TEST_SUITE_P(Under, SplitStack, each_strategy(), strategy_name);

constexpr std::uint64_t sum_to(std::uint64_t depth) {
  return depth * (depth + 1) / 2;
}

TEST_P(SplitStack, GrowsWithEveryFrameSize) {
  passes_on_fibers([] {
    for (int round = 0; round < 3; ++round) {
      EXPECT_EQ(split_sum(20'000), sum_to(20'000));
      EXPECT_EQ(split_large(1000), sum_to(1000));
      EXPECT_EQ(split_huge(100), sum_to(100));
      this_fiber::yield();
    }
  });
}

TEST_P(SplitStack, KeepsArgumentsAndResults) {
  passes_on_fibers([] {
    constexpr std::uint64_t kDepth = 600;
    for (std::uint64_t round = 0; round < scaled(20); ++round) {
      EXPECT_EQ(split_arguments(kDepth, round, 0.5, 2, 0.25F, 3, 4, 5, 0.125, Wide{}, 6, 7),
                0.875 + 27.0 + static_cast<double>(round + 3 * kDepth));
      EXPECT_EQ(split_result(12 * kDepth - 1).words[5], kDepth);
      EXPECT_EQ(split_long(kDepth), 0.5L * (kDepth + 1));
    }
  });
}

#ifndef __clang__  // which has no split stacks for such functions
TEST_P(SplitStack, KeepsArgumentsWhoseNumberVaries) {
  passes_on_fibers([] {
    constexpr std::uint64_t kDepth = 600;
    for (std::uint64_t round = 0; round < scaled(20); ++round)
      EXPECT_EQ(split_variadic(kDepth, 2, std::uint64_t{3}, 2.0, std::uint64_t{4}, 5.0), 14 * (kDepth + 1));
  });
}
#endif

TEST_P(SplitStack, LetsExceptionsThrough) {
  passes_on_fibers([] {
    for (std::uint64_t round = 1; round <= 20; ++round) {
      std::uint64_t destroyed = 0;
      EXPECT_THROW(split_throw(100 * round, destroyed), std::out_of_range);
      EXPECT_EQ(destroyed, 100 * round + 1);
    }
  });
}

TEST_P(SplitStack, FibersWaitAtTheBottom) {
  passes_on_fibers([] {
    for (int round = 0; round < 20; ++round) {
      split_call(
          1000,
          [](void*) {
            this_fiber::yield();
            this_fiber::sleep_for(std::chrono::microseconds(20));
            blocking([] {});
            foreign_call([] { callback([] { EXPECT_EQ(split_sum(1000), sum_to(1000)); }); });
          },
          nullptr);
    }
  });
}

TEST_P(SplitStack, OrdinaryThreadsAndForeignCodeUseTheStackTheyHave) {
  passes_on_fibers([] {
    EXPECT_EQ(foreign_call([] { return split_large(500); }), sum_to(500));
    std::thread thread([] {
      EXPECT_EQ(split_large(500), sum_to(500));
      callback([] { EXPECT_EQ(split_large(1000), sum_to(1000)); });
      EXPECT_EQ(split_large(500), sum_to(500));
    });
    blocking([&] { thread.join(); });
  });
}

class SplitStackPreempted : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Under, SplitStackPreempted, testing::ValuesIn(preemptive_strategies()));

TEST_P(SplitStackPreempted, AtAnyInstruction) {
  passes_in_child(
      [] {
        Config eager = config(GetParam(), 2);
        eager.preempter.quantum = std::chrono::microseconds(100);
        run(eager, [] {
          std::vector<std::unique_ptr<Fiber>> fibers;
          for (std::uint64_t i = 1; i <= 4; ++i) {
            fibers.push_back(std::make_unique<Fiber>(kSmall, [i] {
              for (std::size_t round = 0; round < scaled(200); ++round)
                ASSERT_EQ(split_sum(1000 * i), sum_to(1000 * i));
            }));
          }
        });
      },
      std::chrono::seconds(120));
}

TEST(SplitStackAfterRun, TheThreadHasItsOwnStackAgain) {
  passes_in_child([] {
    for (int round = 0; round < 3; ++round) {
      run(config("none", 1), [] { Fiber(kSmall, [] { EXPECT_EQ(split_large(1000), sum_to(1000)); }).join(); });
      EXPECT_EQ(split_large(1000), sum_to(1000));
    }
  });
}

}  // namespace
}  // namespace heddle::test
