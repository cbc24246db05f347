// A stack that is used up: it is said whose, once, with the frames, and the process ends with status 2.
#include "runtime/child.hpp"
#include "runtime/each_strategy.hpp"
#include "runtime/named.hpp"
#include "runtime/scenario.hpp"

#include "sched/test_hooks.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <atomic>
#include <cstddef>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

namespace heddle::test {
namespace {

using std::chrono::seconds;

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t times = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++times;
  return times;
}

bool says(const Outcome& outcome, const std::string& text) {
  return outcome.err.find(text) != std::string::npos;
}

constexpr std::size_t kLeastFrames = 5;

/// The line about `whose` stack, and as many frames of named_recurse as one wants to see, but not all of them.
void is_reported(const Outcome& outcome, const std::string& whose) {
  EXPECT_EQ(outcome.exit_code, 2) << describe(outcome);
  EXPECT_FALSE(outcome.timed_out) << describe(outcome);
  EXPECT_EQ(count(outcome.err, "heddle: fatal: "), 1U) << describe(outcome);
  EXPECT_TRUE(says(outcome, "heddle: fatal: stack overflow: " + whose)) << describe(outcome);
  const std::size_t frames = count(outcome.err, "    at named_recurse+0x");
  EXPECT_GE(frames, kLeastFrames) << describe(outcome);
  EXPECT_LE(frames, 64U) << describe(outcome);
}

/// Runs `body` on a fiber of that name.
void on_fiber(const char* name, void (*body)(), std::size_t stack_size = 0) {
  Fiber({.name = name, .stack_size = stack_size}, body).join();
}

class OverflowUnder : public testing::TestWithParam<std::string> {};

TEST_P(OverflowUnder, AFibersStackIsReportedOnce) {
  const Outcome outcome = in_child([] {
    run(config(GetParam(), 2), [] {
      Channel<int> values;
      Fiber parked({.name = "parked"}, [&] { named_receive(values); });
      while (!waits(parked.get_id())) this_fiber::yield();
      on_fiber("culprit", named_recurse);
    });
  });
  is_reported(outcome, "fiber ");
  EXPECT_TRUE(says(outcome, " \"culprit\" has used up its stack, 0x")) << describe(outcome);
  EXPECT_TRUE(says(outcome,
                   "FiberOptions::stack_size, every fiber with stack.size, or what needs much with "
                   "heddle::with_stack(bytes, f)\n"))
      << describe(outcome);
  EXPECT_TRUE(says(outcome, "\"culprit\": running")) << describe(outcome);
  EXPECT_TRUE(says(outcome, "at named_receive+0x")) << describe(outcome);
}

TEST_P(OverflowUnder, TheMainFibersStack) {
  const Outcome outcome = in_child([] { run(config(GetParam(), 1), named_recurse); });
  is_reported(outcome, "fiber 1 \"main\" has used up its stack, 0x");
}

TEST_P(OverflowUnder, TheSystemStackInForeignCode) {
  const Outcome outcome = in_child(
      [] { run(config(GetParam(), 2), [] { on_fiber("caller", [] { foreign_call(named_recurse); }); }); });
  is_reported(outcome, "on the system stack of the thread, in foreign code called by fiber ");
  EXPECT_TRUE(says(outcome, " \"caller\": 0x")) << describe(outcome);
  EXPECT_TRUE(says(outcome, "\"caller\": in a foreign call")) << describe(outcome);
}

TEST_P(OverflowUnder, InACallbackItIsTheFibers) {
  const Outcome outcome = in_child([] {
    run(config(GetParam(), 2), [] { on_fiber("caller", [] { named_foreign_call([] { callback(named_recurse); }); }); });
  });
  is_reported(outcome, "fiber ");
  EXPECT_TRUE(says(outcome, " \"caller\" has used up its stack, 0x")) << describe(outcome);
}

TEST_P(OverflowUnder, InACallbackOfAThreadOfThePrograms) {
  const Outcome outcome = in_child([] {
    run(config(GetParam(), 2), [] {
      std::thread thread([] {
        callback([] {});
        callback(named_recurse);
      });
      blocking([&] { thread.join(); });
    });
  });
  is_reported(outcome, "fiber ");
  EXPECT_TRUE(says(outcome, " \"callback\" has used up its stack, 0x")) << describe(outcome);
}

TEST_P(OverflowUnder, OfAThreadOfTheProgramsInForeignCodeOfItsCallback) {
  const Outcome outcome = in_child([] {
    run(config(GetParam(), 2), [] {
      std::thread thread([] { callback([] { foreign_call(named_recurse); }); });
      blocking([&] { thread.join(); });
    });
  });
  is_reported(outcome, "on the system stack of the thread, in foreign code called by fiber ");
}

TEST_P(OverflowUnder, InsideNoPreempt) {
  const Outcome outcome = in_child([] {
    run(config(GetParam(), 2), [] {
      on_fiber("culprit", [] {
        const this_fiber::NoPreempt guard;
        named_recurse();
      });
    });
  });
  is_reported(outcome, "fiber ");
}

std::vector<std::string> all_strategies() {
  std::vector<std::string> all = strategies_but_none();
  all.emplace_back("none");
  return all;
}

INSTANTIATE_TEST_SUITE_P(Strategies, OverflowUnder, testing::ValuesIn(all_strategies()),
                         [](const auto& info) { return info.param; });

class OverflowOfSize : public testing::TestWithParam<std::size_t> {};

TEST_P(OverflowOfSize, IsReportedWithTheSize) {
  const Outcome outcome = in_child(
      [] { run(config(kPreemptive, 2), [] { on_fiber("culprit", named_recurse, GetParam() * 1024); }); });
  is_reported(outcome, "fiber ");
  const std::string size = GetParam() < 1024 ? std::to_string(GetParam()) + " KiB"
                                             : std::to_string(GetParam() / 1024) + " MiB";
  EXPECT_TRUE(says(outcome, ", of " + size + " (stack.max_size: 64 MiB)")) << describe(outcome);
}

INSTANTIATE_TEST_SUITE_P(KiB, OverflowOfSize, testing::Values(16, 32, 128, 1024),
                         [](const auto& info) { return std::to_string(info.param); });

// The second would end the process, and does not before the report of the first is whole.
TEST(Overflow, OfTwoAtATimeOneIsReportedWhole) {
  const Outcome outcome = in_child([] {
    run(config(kPreemptive, 2), [] {
      static std::atomic<int> ready{0};
      const auto recurse = [] {
        foreign_call([] {
          ++ready;
          while (ready != 2) std::this_thread::yield();
        });
        named_recurse();
      };
      Fiber({.name = "one"}, recurse).detach();
      Fiber({.name = "two"}, recurse).join();
    });
  });
  is_reported(outcome, "fiber ");
  EXPECT_TRUE(says(outcome, "\"one\": ")) << describe(outcome);
  EXPECT_TRUE(says(outcome, "\"two\": ")) << describe(outcome);
}

// The dump of all waits for the lock, in vain; what is known without it is told.
TEST(Overflow, WithALockOfTheRuntimesIsReportedWithItsAddresses) {
  const Outcome outcome = in_child(
      [] { run(config(kPreemptive, 2), [] { sched::testing::with_workers_locked(named_recurse); }); }, seconds(40));
  EXPECT_EQ(outcome.exit_code, 2) << describe(outcome);
  EXPECT_FALSE(outcome.timed_out) << describe(outcome);
  EXPECT_EQ(count(outcome.err, "heddle: fatal: stack overflow: fiber 1 \"main\" has used up"), 1U) << describe(outcome);
  EXPECT_TRUE(says(outcome, "heddle: the dump of the fibers takes too long")) << describe(outcome);
  EXPECT_GE(count(outcome.err, "    at 0x"), kLeastFrames) << describe(outcome);
}

/// The system ends the process, with a status of its own choice (Wine's is 0).
void is_the_systems(const Outcome& outcome) {
  EXPECT_NE(outcome.exit_code, 2) << describe(outcome);
  EXPECT_FALSE(outcome.timed_out) << describe(outcome);
  EXPECT_FALSE(says(outcome, "heddle:")) << describe(outcome);
  EXPECT_FALSE(says(outcome, "it goes on")) << describe(outcome);
}

// Of 32-bit code Wine ends the thread alone, after ten seconds, with and without Heddle, and who joins it waits for ever.
#if defined(_WIN32) && defined(__i386__)
constexpr bool kThreadEndsAlone = true;
#else
constexpr bool kThreadEndsAlone = false;
#endif

void recurse_and_go_on() {
  named_recurse();
  std::fputs("it goes on\n", stderr);
}

TEST(Overflow, OfAThreadThatNeverWasInsideIsNotTouched) {
  if (kThreadEndsAlone)
    GTEST_SKIP() << "Wine ends the thread, not the process, when the stack of 32-bit code is used up";
  is_the_systems(in_child([] {
    run(config(kPreemptive, 2), [] {
      std::thread thread(recurse_and_go_on);
      blocking([&] { thread.join(); });
    });
  }));
}

TEST(Overflow, OfAThreadBetweenItsCallbacksIsNotTouched) {
  if (kThreadEndsAlone)
    GTEST_SKIP() << "Wine ends the thread, not the process, when the stack of 32-bit code is used up";
  is_the_systems(in_child([] {
    run(config(kPreemptive, 2), [] {
      std::thread thread([] {
        callback([] { this_fiber::yield(); });
        recurse_and_go_on();
      });
      blocking([&] { thread.join(); });
    });
  }));
}

TEST(Overflow, AfterRunIsNotTouched) {
  is_the_systems(in_child([] {
    run(config(kPreemptive, 2), [] {});
    recurse_and_go_on();
  }));
}

}  // namespace
}  // namespace heddle::test
