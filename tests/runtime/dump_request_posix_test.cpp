// SIGQUIT: a dump and exit status 2, unless the program handles it; memory that has run out is no reason to hang.
#include "runtime/child.hpp"
#include "runtime/four_loops.hpp"
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

TEST_P(DumpOfFourLoops, OnSIGQUIT) {
  shown_on("SIGQUIT", [] { kill(getpid(), SIGQUIT); });
}

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
  EXPECT_NE(outcome.err.find("heddle: fatal: heddle::Mutex::unlock: the mutex is not locked\n"), std::string::npos)
      << describe(outcome);
}

}  // namespace
}  // namespace heddle::test
