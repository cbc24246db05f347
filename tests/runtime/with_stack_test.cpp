// with_stack: a call that has the stack it wants, wherever the fiber happens to be.
#include "runtime/each_strategy.hpp"
#include "runtime/scenario.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

namespace heddle::test {
namespace {

constexpr std::size_t kKiB = 1024;

/// Writes to every page of that much stack, and returns a number that depends on all of it.
[[gnu::noinline]] std::size_t use_stack(std::size_t bytes) {
  std::array<volatile char, 2 * kKiB> frame;
  for (std::size_t i = 0; i < frame.size(); ++i) frame[i] = static_cast<char>(i % 7);
  std::size_t sum = bytes > 2 * frame.size() ? use_stack(bytes - 2 * frame.size()) : 0;
  for (volatile char& byte : frame) sum += static_cast<std::size_t>(byte);
  return sum;
}

std::uintptr_t distance(std::uintptr_t a, std::uintptr_t b) {
  return a < b ? b - a : a - b;
}

/// How a fiber is made whose stack is small whatever the configuration says.
constexpr FiberOptions kSmall{.stack_size = 64 * kKiB};

class WithStack : public EachStrategy {};
INSTANTIATE_TEST_SUITE_P(Under, WithStack, each_strategy(), strategy_name);

TEST_P(WithStack, GoesOnOnAnotherStackOnlyWhereThereIsTooLittle) {
  passes([] {
    Fiber(kSmall, [] {
      const std::uintptr_t here = stack_here();
      EXPECT_LT(distance(with_stack(kKiB, stack_here), here), 64 * kKiB);
      const std::uintptr_t there = with_stack(512 * kKiB, [] { return use_stack(500 * kKiB), stack_here(); });
      EXPECT_GT(distance(there, here), 64 * kKiB);
      EXPECT_EQ(stack_here(), here);
    }).join();
  });
}

TEST_P(WithStack, BringsBackWhatTheFunctionReturns) {
  passes([] {
    Fiber(kSmall, [] {
      int word = 5;
      EXPECT_EQ(&with_stack(kKiB << 8, [&]() -> int& { return word; }), &word);
      EXPECT_EQ(*with_stack(kKiB << 8, [] { return std::make_unique<int>(3); }), 3);
      EXPECT_EQ(with_stack(kKiB << 8, [] { return std::string(100, 'x'); }).size(), 100U);
      EXPECT_EQ(with_stack(kKiB << 8, [] { return 0.125; }), 0.125);
      with_stack(kKiB << 8, [&] { word = 6; });
      EXPECT_EQ(word, 6);
      write_errno(17);
      with_stack(kKiB << 8, [] {
        EXPECT_EQ(read_errno(), 17);
        write_errno(18);
      });
      EXPECT_EQ(read_errno(), 18);
    }).join();
  });
}

TEST_P(WithStack, LetsExceptionsThrough) {
  passes([] {
    Fiber(kSmall, [] {
      struct Counts {
        int& left;
        ~Counts() { ++left; }
      };
      for (int round = 0; round < 100; ++round) {
        int left = 0;
        const auto deeper = [&left](const auto& self, int depth) -> void {
          const Counts counts{left};
          if (depth == 0) throw std::out_of_range("deep");
          with_stack(kKiB * 40, [&] { self(self, depth - 1); });
        };
        EXPECT_THROW(with_stack(kKiB << 6, [&] { deeper(deeper, 12); }), std::out_of_range);
        EXPECT_EQ(left, 13);
        EXPECT_GT(with_stack(kKiB << 7, [] { return use_stack(100 * kKiB); }), 0U);
      }
    }).join();
  });
}

struct Chain {
  const Chain* outer;
  const std::uint64_t* local;
  std::uint64_t value;
};

/// R43 PointerChain: each level refers to a variable of the one before, and all are right when the deepest looks.
std::uint64_t chain(const Chain* outer, std::uint64_t depth, const std::function<void()>& bottom) {
  const std::uint64_t local = depth * 0x9e3779b97f4a7c15;
  const Chain link{outer, &local, local};
  if (depth != 0)
    return with_stack(8 * kKiB, [&] { return chain(&link, depth - 1, bottom); }) + (link.value == *link.local ? 1 : 0);
  bottom();
  std::uint64_t right = 0;
  for (const Chain* at = &link; at; at = at->outer) right += *at->local == at->value ? 1 : 0;
  return right;
}

TEST_P(WithStack, AChainOfPointersIntoItStaysRight) {
  passes(
      [] {
        const auto depths = [](const std::function<void()>& bottom) {
          for (std::uint64_t depth = 0; depth < 1024; depth += depth < 16 ? 1 : 97)
            EXPECT_EQ(chain(nullptr, depth, bottom), 2 * depth + 1);
        };
        const auto stop = [] { const StoppedWorld world; };
        Fiber normal(kSmall, [&] { depths(stop); });
        Fiber locked(kSmall, [&] {
          const LockThread lock;
          depths(stop);
        });
        Fiber called_back(kSmall, [&] { foreign_call([&] { callback([&] { depths(stop); }); }); });
        std::thread foreign([&] { callback([&] { depths([] { this_fiber::yield(); }); }); });
        blocking([&] { foreign.join(); });
      },
      std::chrono::seconds(60));
}

TEST_P(WithStack, FibersWaitAndMoveOnItAsOnAnyStack) {
  passes([] {
    Channel<int> numbers;
    std::vector<std::unique_ptr<Fiber>> senders;
    for (int i = 0; i < 20; ++i) {
      senders.push_back(std::make_unique<Fiber>(kSmall, [&numbers, i] {
        with_stack(kKiB << 7, [&] {
          for (int turn = 0; turn < 20; ++turn) {
            numbers.send(i);
            with_stack(kKiB << 8, [] { this_fiber::yield(); });
            if (turn % 5 == 0) this_fiber::sleep_for(std::chrono::microseconds(50));
          }
        });
      }));
    }
    int sum = 0;
    for (int i = 0; i < 400; ++i) sum += *numbers.receive();
    EXPECT_EQ(sum, 20 * 190);
  });
}

TEST_P(WithStack, ALoopAtTheEdgeUsesOneStackAgainAndAgain) {
  passes([] {
    Fiber(kSmall, [] {
      std::set<std::uintptr_t> places;
      for (int i = 0; i < 1000; ++i) places.insert(with_stack(kKiB << 7, stack_here));
      EXPECT_LE(places.size(), 2U);  // the first call comes there through morestack, by other frames than those that follow
      EXPECT_LT(*places.rbegin() - *places.begin(), 64 * kKiB);  // another stack is further away than its size
    }).join();
  });
}

TEST_P(WithStack, SaysWhatIsTooMuchAndGoesOn) {
  passes_in_child([] {
    const auto& [strategy, processors] = GetParam();
    Config small = config(strategy, processors);
    small.stack.size = 64 * kKiB;
    small.stack.max_size = kKiB << 10;
    run(small, [] {
      try {
        with_stack((kKiB << 10) + 1, [] { ADD_FAILURE() << "called"; });
        ADD_FAILURE() << "nothing was thrown";
      } catch (const std::invalid_argument& error) {
        EXPECT_NE(std::string(error.what()).find("stack.max_size allows 1048576"), std::string::npos) << error.what();
      }
      // Recursion without an end.
      std::size_t depth = 0;
      const auto deeper = [&depth](const auto& self) -> void {
        ++depth;
        with_stack(32 * kKiB, [&] {
          std::array<volatile char, 8 * kKiB> frame;
          frame[depth % frame.size()] = 1;
          self(self);
        });
      };
      for (int round = 0; round < 10; ++round) {
        try {
          deeper(deeper);
        } catch (const std::system_error& error) {
          EXPECT_EQ(error.code(), std::errc::not_enough_memory);
          EXPECT_NE(std::string(error.what()).find("twice stack.max_size, which is 1048576"), std::string::npos)
              << error.what();
        }
      }
      EXPECT_GT(depth, 10U * 10U);
      EXPECT_GT(with_stack(kKiB << 10, [] { return use_stack(1000 * kKiB); }), 0U);
    });
  });
}

TEST_P(WithStack, OnAnOrdinaryThreadIsAPlainCall) {
  passes([] {
    std::thread([] {
      const std::uintptr_t here = stack_here();
      EXPECT_LT(distance(with_stack(kKiB << 20, stack_here), here), 64 * kKiB);
    }).join();
  });
}

TEST_P(WithStack, InAForeignCallIsAPlainCallWhileThereIsRoom) {
  passes([] {
    foreign_call([] {
      const std::uintptr_t here = stack_here();
      EXPECT_LT(distance(with_stack(64 * kKiB, stack_here), here), 64 * kKiB);
      callback([] { EXPECT_GT(with_stack(kKiB << 10, [] { return use_stack(1000 * kKiB); }), 0U); });
      EXPECT_LT(distance(with_stack(64 * kKiB, stack_here), here), 64 * kKiB);
    });
    Fiber(kSmall, [] {
      with_stack(kKiB << 8, [] {
        foreign_call(
            [] { callback([] { EXPECT_GT(with_stack(kKiB << 10, [] { return use_stack(1000 * kKiB); }), 0U); }); });
        EXPECT_GT(use_stack(200 * kKiB), 0U);
      });
    }).join();
  });
}

TEST(WithStackMisuse, InAForeignCallThatHasNotThatMuchEndsTheProcess) {
  ends_with_a_message(
      [] { run(config(kPreemptive, 1), [] { foreign_call([] { with_stack(std::size_t{1} << 30, [] {}); }); }); },
      "stack growth in a foreign call: heddle::with_stack wants 1073741824 bytes, and foreign code");
}

/// Recurses until there is not that much.
[[gnu::noinline]] std::size_t recurse_on_the_system_stack(std::size_t depth) {
  std::array<volatile char, 4 * kKiB> frame;
  frame[depth % frame.size()] = 1;
  return with_stack(64 * kKiB, [&] { return recurse_on_the_system_stack(depth + 1); }) + static_cast<std::size_t>(frame[0]);
}

// R46 SystemStackOverflow.
TEST(WithStackMisuse, ShowsWhoAskedForIt) {
  const Outcome outcome = in_child([] {
    run(config(kPreemptive, 1),
        [] { Fiber({.name = "culprit"}, [] { foreign_call(recurse_on_the_system_stack, 0U); }).join(); });
  });
  EXPECT_EQ(outcome.exit_code, 2) << describe(outcome);
  const std::size_t first = outcome.err.find("stack growth in a foreign call");
  ASSERT_NE(first, std::string::npos) << describe(outcome);
  EXPECT_EQ(outcome.err.find("stack growth in a foreign call", first + 1), std::string::npos) << describe(outcome);
  const std::size_t culprit = outcome.err.find("\"culprit\"", first);
  ASSERT_NE(culprit, std::string::npos) << describe(outcome);
  std::size_t frames = 0;
  for (std::size_t at = culprit; (at = outcome.err.find("\n    at ", at)) != std::string::npos; ++at) ++frames;
  EXPECT_GE(frames, 5U) << describe(outcome);
}

// --- As a checkpoint ----------------------------------------------------------------------------------------------------

class WithStackCheckpoint : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Under, WithStackCheckpoint, testing::ValuesIn(strategies_but_none()));

/// Calls of a fiber until another one has had the only processor `turns` times; each of the calls is a with_stack of `bytes`.
void gives_way_at_calls(const std::string& strategy, std::size_t bytes, int turns) {
  Config eager = config(strategy, 1);
  eager.preempter.quantum = std::chrono::milliseconds(1);
  run(eager, [&] {
    std::atomic<int> had = 0;
    std::atomic<bool> done = false;
    Fiber other([&] {
      while (!done) ++had, this_fiber::yield();
    });
    Fiber(kSmall, [&] {
      std::uint64_t calls = 0;
      while (had < turns) calls += with_stack(bytes, [] { return 1; });
      EXPECT_GE(calls, static_cast<std::uint64_t>(turns));
      done = true;
    }).join();
  });
}

TEST_P(WithStackCheckpoint, GivesWayWhereThereIsRoom) {
  passes_in_child([] { gives_way_at_calls(GetParam(), 256, 20); }, std::chrono::seconds(60));
}

TEST_P(WithStackCheckpoint, GivesWayWhereThereIsNone) {
  passes_in_child([] { gives_way_at_calls(GetParam(), kKiB << 7, 20); }, std::chrono::seconds(60));
}

TEST_P(WithStackCheckpoint, GivesWayOnItsThreadWhereItIsLocked) {
  passes_in_child(
      [] {
        Config eager = config(GetParam(), 1);
        eager.preempter.quantum = std::chrono::milliseconds(1);
        run(eager, [&] {
          std::atomic<int> had = 0;
          std::atomic<bool> done = false;
          Fiber other([&] {
            while (!done) ++had, this_fiber::yield();
          });
          const LockThread lock;
          const std::uintptr_t thread = this_thread();
          while (had < 10) with_stack(kKiB << 7, [&] { EXPECT_EQ(this_thread(), thread); });
          done = true;
        });
      },
      std::chrono::seconds(60));
}

TEST_P(WithStackCheckpoint, KeepsTheRequestWhereItMustNotGiveWay) {
  passes_in_child(
      [] {
        Config eager = config(GetParam(), 1);
        eager.preempter.quantum = std::chrono::milliseconds(1);
        run(eager, [&] {
          std::atomic<bool> had = false;
          Fiber other([&] { had = true; });
          {
            const this_fiber::NoPreempt guard;
            const std::uint64_t before = stats().preemption_requests;
            while (stats().preemption_requests < before + 3) with_stack(kKiB << 7, [] { return use_stack(kKiB); });
            EXPECT_FALSE(had);
          }
          EXPECT_TRUE(had);
        });
      },
      std::chrono::seconds(60));
}

// --- On a segment, where nobody asks ------------------------------------------------------------------------------------------

class WithStackPreempted : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Under, WithStackPreempted, testing::ValuesIn(preemptive_strategies()));

TEST_P(WithStackPreempted, FibersAreInterruptedOnEveryStack) {
  passes_in_child(
      [] {
        Config eager = config(GetParam(), 1);
        eager.preempter.quantum = std::chrono::milliseconds(1);
        run(eager, [] {
          std::atomic<int> open = 3;
          std::vector<std::unique_ptr<Fiber>> fibers;
          for (std::size_t i = 0; i < 3; ++i) {
            fibers.push_back(std::make_unique<Fiber>(kSmall, [&open, i] {
              with_stack((kKiB << 7) << i, [&] {
                --open;
                while (open != 0) {
                }
              });
            }));
          }
        });
      },
      std::chrono::seconds(60));
}

TEST_P(WithStackPreempted, GrowthIsInterruptedAtAnyInstruction) {
  passes_in_child(
      [] {
        Config eager = config(GetParam(), 2);
        eager.preempter.quantum = std::chrono::microseconds(100);
        run(eager, [] {
          std::vector<std::unique_ptr<Fiber>> fibers;
          for (std::uint64_t seed = 1; seed <= 4; ++seed) {
            fibers.push_back(std::make_unique<Fiber>(kSmall, [seed] {
              const auto sum = [](const auto& self, std::uint64_t depth) -> std::uint64_t {
                return depth == 0 ? 0 : with_stack(20 * kKiB, [&] { return depth + self(self, depth - 1); });
              };
              for (std::size_t round = 0; round < scaled(4000); ++round)
                ASSERT_EQ(sum(sum, 10 + seed), (10 + seed) * (11 + seed) / 2);
            }));
          }
        });
      },
      std::chrono::seconds(120));
}

// R49 StackCacheNoLeak: what fibers grew by is used again by those that follow.
TEST(WithStackMemory, FourRoundsOfGrowthTakeNoMoreThanOne) {
  passes_in_child(
      [] {
        run(config("none", 2), [] {
          std::set<std::uintptr_t> places;
          std::array<std::size_t, 4> seen{};
          for (std::size_t& count : seen) {
            std::vector<std::uintptr_t> found(200);
            std::vector<std::unique_ptr<Fiber>> fibers;
            for (std::uintptr_t& place : found) {
              fibers.push_back(std::make_unique<Fiber>(kSmall, [&place] {
                for (std::size_t step = 0; step < 5; ++step) {
                  with_stack((kKiB << 7) << step, [&] { use_stack(kKiB << 6), place = stack_here() >> 16; });
                  this_fiber::yield();
                }
              }));
            }
            fibers.clear();
            places.insert(found.begin(), found.end());
            count = places.size();
          }
          // Those of the last rounds are those of the first: were they lost, there would be as many new ones in every round.
          EXPECT_LE(seen[3], 2 * seen[0]);
        });
      },
      std::chrono::seconds(60));
}

}  // namespace
}  // namespace heddle::test
