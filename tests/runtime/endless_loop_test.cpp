// A fiber that never calls the runtime cannot keep the others from running, unless the configuration says so.
#include "runtime/child.hpp"
#include "runtime/scenario.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <atomic>
#include <ostream>
#include <string>
#include <tuple>

namespace heddle::test {
namespace {

using Loop = void (*)();

std::atomic<std::uint64_t> calls{0};

[[gnu::noinline]] void call() {
  calls.fetch_add(1, std::memory_order_relaxed);
}

[[noreturn]] void loop_of_calls() {
  for (;;) call();
}

[[noreturn]] void loop_of_arithmetic() {
  for (std::uint64_t x = 1;;) {
    x = x * 6364136223846793005U + 1442695040888963407U;
    asm volatile("" : "+r"(x));
  }
}

[[noreturn]] void empty_loop() {
  for (;;) asm volatile("");
}

struct NamedLoop {
  const char* name;
  Loop loop;

  friend std::ostream& operator<<(std::ostream& out, const NamedLoop& named) { return out << named.name; }
};

class EndlessLoop : public testing::TestWithParam<std::tuple<NamedLoop, Resume>> {};

TEST_P(EndlessLoop, DoesNotStopTheOthers) {
  const auto [named, resume] = GetParam();
  passes_in_child([named = named, resume = resume] {
    int turns = 0;
    run(config(kPreemptive, 1, resume), [&] {
      Fiber hog(named.loop);
      hog.detach();
      for (; turns < 10; ++turns) this_fiber::yield();
      EXPECT_GE(stats().preemptions, 9U);
    });
    EXPECT_EQ(turns, 10);
  });
}

TEST_P(EndlessLoop, EndsWithTheProgramWhileSeveralSpin) {
  const auto [named, resume] = GetParam();
  passes_in_child([named = named, resume = resume] {
    for (int round = 0; round < 3; ++round) {
      run(config(kPreemptive, 2, resume), [&] {
        for (int i = 0; i < 5; ++i) Fiber(named.loop).detach();
        for (int turn = 0; turn < 3; ++turn) this_fiber::yield();
      });
    }
  });
}

INSTANTIATE_TEST_SUITE_P(Of, EndlessLoop,
                         testing::Combine(testing::Values(NamedLoop{"calls", loop_of_calls},
                                                          NamedLoop{"arithmetic", loop_of_arithmetic},
                                                          NamedLoop{"nothing", empty_loop}),
                                          testing::Values(Resume::kSameThread, Resume::kAnyThread)),
                         [](const auto& info) {
                           const bool same = std::get<1>(info.param) == Resume::kSameThread;
                           return std::get<0>(info.param).name + std::string(same ? "_same_thread" : "_any_thread");
                         });

class Strategy : public testing::TestWithParam<Resume> {};

TEST_P(Strategy, AnotherFiberEndsTheLoop) {
  passes_in_child([resume = GetParam()] {
    run(config(kPreemptive, 1, resume), [] {
      std::atomic<bool> stop{false};
      Fiber hog([&] {
        Fiber ender([&] { stop = true; });
        while (!stop.load(std::memory_order_relaxed)) asm volatile("");
      });
      hog.join();
      EXPECT_GE(stats().preemptions, 1U);
    });
  });
}

INSTANTIATE_TEST_SUITE_P(Of, Strategy, testing::Values(Resume::kSameThread, Resume::kAnyThread), [](const auto& info) {
  return std::string(info.param == Resume::kSameThread ? "same_thread" : "any_thread");
});

/// Some 300 ms of one fiber's work, thirty quanta, while another is ready. Says whether the other ran before the work
/// was done.
bool other_runs_during_work(const std::string& strategy, void (*work)()) {
  return run(config(strategy, 1), [work] {
    std::atomic<bool> other_ran{false};
    Fiber other([&] { other_ran = true; });
    work();
    return other_ran.load();
  });
}

void silent_work() {
  spin(300'000'000);
}

void work_with_checkpoints() {
  for (int i = 0; i < 300; ++i) {
    spin(1'000'000);
    this_fiber::checkpoint();
  }
}

TEST(LongWork, IsInterruptedByThePreemptiveStrategy) {
  passes_in_child([] { EXPECT_TRUE(other_runs_during_work(kPreemptive, silent_work)); });
}

TEST(LongWork, StarvesTheOthersUnderNone) {
  passes_in_child([] { EXPECT_FALSE(other_runs_during_work("none", silent_work)); });
}

TEST(LongWork, StarvesTheOthersUnderNoneInSpiteOfCheckpoints) {
  passes_in_child([] { EXPECT_FALSE(other_runs_during_work("none", work_with_checkpoints)); });
}

TEST(LongWork, SharesAtCheckpointsUnderCooperative) {
  passes_in_child([] { EXPECT_TRUE(other_runs_during_work("cooperative", work_with_checkpoints)); });
}

TEST(LongWork, StarvesTheOthersUnderCooperativeWithoutCheckpoints) {
  passes_in_child([] { EXPECT_FALSE(other_runs_during_work("cooperative", silent_work)); });
}

TEST(Cooperative, CountsWhatGaveWayAtACheckpoint) {
  passes_in_child([] {
    run(config("cooperative", 1), [] {
      std::atomic<bool> stop{false};
      Fiber ender([&] { stop = true; });
      while (!stop) this_fiber::checkpoint();
      EXPECT_GE(stats().cooperative_preemptions, 1U);
      EXPECT_EQ(stats().preemptions, 0U);
    });
  });
}

TEST(Cooperative, ACheckpointOnAnOrdinaryThreadDoesNothing) {
  this_fiber::checkpoint();
}

}  // namespace
}  // namespace heddle::test
