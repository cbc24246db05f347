// SIGQUIT: a dump and exit status 2, unless the program handles it; memory that has run out is no reason to hang.
#include "runtime/child.hpp"
#include "runtime/named.hpp"
#include "runtime/scenario.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <atomic>
#include <csignal>
#include <string>

#include <sys/resource.h>
#include <unistd.h>

namespace heddle::test {
namespace {

bool says(const Outcome& outcome, const std::string& text) {
  return outcome.err.find(text) != std::string::npos;
}

class Quit : public testing::TestWithParam<Resume> {};

TEST_P(Quit, ShowsTheFramesOfFourLoops) {
  const Outcome outcome = in_child(
      [resume = GetParam()] {
        run(config(kPreemptive, 4, resume), [] {
          std::atomic<int> begun{0};
          for (const auto loop : kNamedLoops) Fiber([&begun, loop] { loop(begun); }).detach();
          while (begun < 4) this_fiber::yield();
          kill(getpid(), SIGQUIT);
          for (;;) this_fiber::yield();
        });
      },
      std::chrono::seconds(30));
  EXPECT_EQ(outcome.exit_code, 2) << describe(outcome);
  EXPECT_TRUE(outcome.err.starts_with(
      "heddle: SIGQUIT: the process ends with a dump of its fibers\nheddle: 5 fibers, 4 processors"))
      << describe(outcome);
  for (const char* name : kNamesOfLoops)
    EXPECT_TRUE(says(outcome, std::string("    at ") + name + "+0x")) << describe(outcome);
}

INSTANTIATE_TEST_SUITE_P(Of, Quit, testing::Values(Resume::kSameThread, Resume::kAnyThread), [](const auto& info) {
  return std::string(info.param == Resume::kSameThread ? "same_thread" : "any_thread");
});

std::atomic<int> handled{0};

TEST(QuitHandler, OfTheProgramIsLeftAlone) {
  passes_in_child([] {
    signal(SIGQUIT, [](int) { ++handled; });
    run(config(kPreemptive, 2), [] {
      raise(SIGQUIT);
      while (handled == 0) this_fiber::yield();
    });
    raise(SIGQUIT);
    EXPECT_EQ(handled, 2);
  });
}

TEST(QuitHandler, IsAsBeforeWhenRunHasReturned) {
  passes_in_child([] {
    for (int round = 0; round < 3; ++round) {
      run(config(kPreemptive, 2), [] {
        struct sigaction ours {};
        sigaction(SIGQUIT, nullptr, &ours);
        EXPECT_NE(ours.sa_handler, SIG_DFL);
      });
      struct sigaction after {};
      sigaction(SIGQUIT, nullptr, &after);
      EXPECT_EQ(after.sa_handler, SIG_DFL);
    }
  });
}

TEST(FatalError, WithoutMemoryForADumpEndsAllTheSame) {
  const Outcome outcome = in_child(
      [] {
        run(config(kPreemptive, 2), [] {
          const rlimit none{1, 1};
          setrlimit(RLIMIT_AS, &none);
          Mutex mutex;
          mutex.unlock();
        });
      },
      std::chrono::seconds(30));
  EXPECT_EQ(outcome.exit_code, 2) << describe(outcome);
  EXPECT_TRUE(says(outcome, "heddle: fatal: heddle::Mutex::unlock: the mutex is not locked\n")) << describe(outcome);
}

}  // namespace
}  // namespace heddle::test
