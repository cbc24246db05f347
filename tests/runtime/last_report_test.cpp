// What a process says of its fibers before it ends: on a fatal error, on std::terminate, and when too much is broken to say anything.
#include "runtime/child.hpp"
#include "runtime/named.hpp"
#include "runtime/scenario.hpp"
#include "sched/test_hooks.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <string>
#include <thread>

namespace heddle::test {
namespace {

using namespace std::chrono_literals;

bool says(const Outcome& outcome, const std::string& text) {
  return outcome.err.find(text) != std::string::npos;
}

void break_an_invariant() {
  Mutex mutex;
  mutex.unlock();
}

TEST(FatalError, OnAFiberIsFollowedByADump) {
  const Outcome outcome = in_child([] {
    run(config(kPreemptive, 2), [] {
      std::atomic<int> begun{0};
      Channel<int> values;
      Fiber({.name = "loop"}, [&] { kNamedLoops[0](begun); }).detach();
      Fiber parked({.name = "parked"}, [&] { named_receive(values); });
      while (begun == 0 || !waits(parked.get_id())) this_fiber::yield();
      parked.detach();
      Fiber({.name = "culprit"}, break_an_invariant).join();
    });
  });
  EXPECT_EQ(outcome.exit_code, 2) << describe(outcome);
  EXPECT_TRUE(outcome.err.starts_with(
      "heddle: fatal: heddle::Mutex::unlock: the mutex is not locked\nheddle: 4 fibers, 2 processors"))
      << describe(outcome);
  EXPECT_TRUE(says(outcome, "\"culprit\": running")) << describe(outcome);
  EXPECT_TRUE(says(outcome, "at named_loop_north+0x")) << describe(outcome);
  EXPECT_TRUE(says(outcome, "at named_receive+0x")) << describe(outcome);
}

TEST(FatalError, OnAnOrdinaryThreadIsFollowedByADump) {
  const Outcome outcome = in_child([] {
    run(config(kPreemptive, 1), [] {
      std::thread culprit(break_an_invariant);
      culprit.join();
    });
  });
  EXPECT_EQ(outcome.exit_code, 2) << describe(outcome);
  EXPECT_TRUE(says(outcome, "\nfiber 1 \"main\": running")) << describe(outcome);
}

TEST(FatalError, ASecondOneEndsTheProcessAtOnce) {
  const Outcome outcome = in_child([] {
    run(config(kPreemptive, 2), [] {
      sched::testing::with_workers_locked([] {  // the dump of the first one waits for ever
        std::thread first(break_an_invariant);
        std::this_thread::sleep_for(100ms);
        break_an_invariant();
      });
    });
  });
  EXPECT_EQ(outcome.exit_code, 2) << describe(outcome);
  EXPECT_FALSE(says(outcome, "takes too long")) << describe(outcome);
}

TEST(FatalError, WithALockHeldForEverEndsAllTheSame) {
  const Outcome outcome = in_child(
      [] { run(config(kPreemptive, 2), [] { sched::testing::with_workers_locked(break_an_invariant); }); }, 30s);
  EXPECT_EQ(outcome.exit_code, 2) << describe(outcome);
  EXPECT_TRUE(says(outcome, "heddle: the dump of the fibers takes too long")) << describe(outcome);
}

TEST(FatalError, BesideAFiberThatCannotBeStoppedIsFollowedByADump) {
  const Outcome outcome = in_child([] {
    run(config("none", 2), [] {
      std::atomic<int> begun{0};
      Fiber({.name = "loop"}, [&] { kNamedLoops[0](begun); }).detach();
      while (begun == 0) this_fiber::yield();
      break_an_invariant();
    });
  });
  EXPECT_EQ(outcome.exit_code, 2) << describe(outcome);
  EXPECT_TRUE(says(outcome, "\"loop\": running")) << describe(outcome);
  EXPECT_TRUE(says(outcome, "no trace: it could not be stopped")) << describe(outcome);
}

[[noreturn]] void previous_handler() {
  std::fputs("previous handler\n", stderr);
  std::fflush(stderr);
  std::_Exit(7);
}

TEST(Terminate, OnAFiberIsDumpedAndGoesToTheHandlerThatWasThere) {
  const Outcome outcome = in_child([] {
    std::set_terminate(previous_handler);
    run(config(kPreemptive, 2),
        [] { Fiber({.name = "thrower"}, [] { throw std::runtime_error("nobody catches this"); }).join(); });
  });
  EXPECT_EQ(outcome.exit_code, 7) << describe(outcome);
  EXPECT_TRUE(says(outcome, "heddle: std::terminate was called on fiber ")) << describe(outcome);
  EXPECT_TRUE(says(outcome, "\"thrower\": running")) << describe(outcome);
  EXPECT_LT(outcome.err.find("\"thrower\""), outcome.err.find("previous handler")) << describe(outcome);
}

TEST(Terminate, ElsewhereIsNotTouched) {
  const Outcome outcome = in_child([] {
    std::set_terminate(previous_handler);
    run(config(kPreemptive, 2), [] {
      std::thread thrower([] { std::terminate(); });
      thrower.join();
    });
  });
  EXPECT_EQ(outcome.exit_code, 7) << describe(outcome);
  EXPECT_FALSE(says(outcome, "heddle:")) << describe(outcome);
}

TEST(Terminate, HandlersAreAsBeforeWhenRunHasReturned) {
  passes_in_child([] {
    std::set_terminate(previous_handler);
    run(config("none", 1), [] { EXPECT_NE(std::get_terminate(), previous_handler); });
    EXPECT_EQ(std::get_terminate(), previous_handler);
  });
}

}  // namespace
}  // namespace heddle::test
