// Faults and signals: the program's handlers, what is sent rather than caused, locks that the fault was struck under, forks.
#include "runtime/child.hpp"
#include "runtime/named.hpp"
#include "runtime/scenario.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <array>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

#include <pthread.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace heddle::test {
namespace {

constexpr std::array kFaults = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};

bool says(const Outcome& outcome, const std::string& text) {
  return outcome.err.find(text) != std::string::npos;
}

/// As a program's crash handler: says where, and ends.
void install_handler() {
  struct sigaction action {};
  action.sa_flags = SA_SIGINFO;
  action.sa_sigaction = [](int, siginfo_t* info, void*) { _exit(info->si_addr == nullptr ? 7 : 8); };
  sigaction(SIGSEGV, &action, nullptr);
}

TEST(FaultHandler, OfTheProgramGetsTheFaultOfAFiber) {
  const Outcome outcome = in_child([] {
    install_handler();
    run(config(kPreemptive, 2), named_write_to_null);
  });
  EXPECT_EQ(outcome.exit_code, 7) << describe(outcome);
  EXPECT_FALSE(says(outcome, "heddle:")) << describe(outcome);
}

TEST(FaultHandler, OfTheProgramGetsTheFaultOfForeignCode) {
  const Outcome outcome = in_child([] {
    install_handler();
    run(config(kPreemptive, 2), [] { foreign_call(named_write_to_null); });
  });
  EXPECT_EQ(outcome.exit_code, 7) << describe(outcome);
  EXPECT_FALSE(says(outcome, "heddle:")) << describe(outcome);
}

TEST(FaultHandler, InstalledLaterGetsTheFault) {
  const Outcome outcome = in_child([] {
    run(config(kPreemptive, 2), [] {
      install_handler();
      foreign_call(named_write_to_null);
    });
  });
  EXPECT_EQ(outcome.exit_code, 7) << describe(outcome);
}

TEST(FaultHandler, IsAsBeforeWhenRunHasReturned) {
  passes_in_child([] {
    for (int round = 0; round < 3; ++round) {
      run(config(kPreemptive, 2), [] {
        for (const int number : kFaults) {
          struct sigaction ours {};
          sigaction(number, nullptr, &ours);
          EXPECT_NE(ours.sa_handler, SIG_DFL) << number;
        }
      });
      for (const int number : kFaults) {
        struct sigaction after {};
        sigaction(number, nullptr, &after);
        EXPECT_EQ(after.sa_handler, SIG_DFL) << number;
      }
    }
  });
}

TEST(FaultHandler, IsTheKernelsInAForkedChild) {
  passes_in_child([] {
    run(config(kPreemptive, 2), [] {
      const pid_t child = fork();
      if (child == 0) {
        for (const int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGQUIT}) {
          struct sigaction now {};
          sigaction(number, nullptr, &now);
          if (now.sa_handler != SIG_DFL) _exit(number);
        }
        named_write_to_null();
      }
      int status = 0;
      ASSERT_EQ(blocking([&] { return waitpid(child, &status, 0); }), child);
      EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV) << status;
    });
  });
}

TEST(FaultSignal, OfAbortInForeignCodeIsReported) {
  const Outcome outcome = in_child([] {
    run(config(kPreemptive, 2),
        [] { Fiber({.name = "caller"}, [] { named_foreign_call([] { std::abort(); }); }).join(); });
  });
  EXPECT_EQ(outcome.exit_code, SIGABRT) << describe(outcome);
  EXPECT_TRUE(says(outcome, "heddle: SIGABRT in foreign code called by fiber ")) << describe(outcome);
  EXPECT_TRUE(says(outcome, "at named_foreign_call+0x")) << describe(outcome);
}

TEST(FaultSignal, ThatIsSentIsCalledSo) {
  const Outcome outcome = in_child(
      [] { run(config(kPreemptive, 2), [] { foreign_call([] { pthread_kill(pthread_self(), SIGSEGV); }); }); });
  EXPECT_EQ(outcome.exit_code, SIGSEGV) << describe(outcome);
  EXPECT_TRUE(says(outcome, "heddle: SIGSEGV, sent to this process, in foreign code called by fiber 1 \"main\""))
      << describe(outcome);
}

TEST(FaultSignal, SentToAThreadThatNeverWasInsideEndsTheProcess) {
  const Outcome outcome = in_child([] {
    static std::atomic<bool> started{false};
    std::thread naked([] {
      started = true;
      for (;;) pause();
    });
    while (!started) std::this_thread::yield();
    run(config(kPreemptive, 2), [&] {
      pthread_kill(naked.native_handle(), SIGSEGV);
      for (;;) this_fiber::yield();
    });
  });
  EXPECT_EQ(outcome.exit_code, SIGSEGV) << describe(outcome);
  EXPECT_FALSE(says(outcome, "heddle:")) << describe(outcome);
}

// The dump wants to write to the same stream; whoever has it, the process ends.
TEST(FaultUnderALock, EndsAllTheSame) {
  const Outcome outcome = in_child(
      [] {
        run(config(kPreemptive, 2), [] {
          foreign_call([] {
            flockfile(stderr);
            named_write_to_null();
          });
        });
      },
      std::chrono::seconds(30));
  EXPECT_EQ(outcome.exit_code, SIGSEGV) << describe(outcome);
  EXPECT_TRUE(says(outcome, "in foreign code called by fiber 1 \"main\"")) << describe(outcome);
}

TEST(FaultWithoutMemory, EndsAllTheSame) {
  const Outcome outcome = in_child(
      [] {
        run(config(kPreemptive, 2), [] {
          foreign_call([] {
            const rlimit none{1, 1};
            setrlimit(RLIMIT_AS, &none);
            named_write_to_null();
          });
        });
      },
      std::chrono::seconds(30));
  EXPECT_EQ(outcome.exit_code, SIGSEGV) << describe(outcome);
  EXPECT_TRUE(says(outcome, "in foreign code called by fiber 1 \"main\"")) << describe(outcome);
}

}  // namespace
}  // namespace heddle::test
