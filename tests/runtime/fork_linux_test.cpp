// fork() from fibers while they are being interrupted: the child is a process without the runtime. Each child looks at itself and
// reports by its exit status.
#include "base/sanitizers.hpp"
#include "runtime/child.hpp"
#include "runtime/process_linux.hpp"
#include "runtime/scenario.hpp"
#include "runtime/storm.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace heddle::test {
namespace {

constexpr int kClean = 0;

/// Forks, runs `body` in the child and returns its wait status. A fiber of the parent waits without keeping its processor.
template <class Body>
int in_fork(Body body) {
  const pid_t child = fork();
  if (child == 0) _exit(body());
  return wait_for(child);
}

void ignore_signal(int) {}

// What a child must find; the number of the first thing that is wrong.
int faults_of_this_process(pid_t parent, bool urgent_blocked) {
  if (is_blocked(SIGURG) != urgent_blocked) return 1;
  if (is_blocked(SIGUSR1) || is_blocked(SIGTERM)) return 2;
  if (disposition(SIGURG) != reinterpret_cast<std::uintptr_t>(SIG_DFL)) return 3;
  if (disposition(SIGUSR2) != reinterpret_cast<std::uintptr_t>(&ignore_signal)) return 4;  // the program's stays
  if (has_signal_stack() && !base::kAddressSanitizer) return 5;               // which gives each thread one
  if (!std::getenv("HEDDLE_TEST_EMULATOR") && thread_count() != 1) return 6;  // an emulator has threads of its own
  if (timer_count() != 0) return 7;
  if (getppid() != parent) return 8;
  if (this_fiber::get_id() != FiberId()) return 9;
  if (heddle::stats().processors != 0) return 10;
  return kClean;
}

class Fork : public testing::TestWithParam<Resume> {};

TEST_P(Fork, ChildrenAreCleanWhileTheParentIsInterrupted) {
  passes_in_child(
      [] {
        constexpr int kFibers = 10, kForks = 20;
        std::signal(SIGUSR2, ignore_signal);
        std::atomic<int> clean{0};
        run(config(kPreemptive, 2, GetParam()), [&] {
          const pid_t parent = getpid();
          const Storm storm(1, 2);
          std::vector<Fiber> fibers;
          for (int fiber = 0; fiber < kFibers; ++fiber) {
            fibers.emplace_back([&] {
              for (int round = 0; round < kForks; ++round) {
                const int status = in_fork([&] { return faults_of_this_process(parent, false); });
                EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == kClean) << "wait status " << status;
                clean += status == 0;
                spin(100'000);
              }
            });
          }
          fibers.clear();
          EXPECT_GT(stats().preemptions, 0U);
          EXPECT_FALSE(is_blocked(SIGURG)) << "the parent's mask is not what it was";
        });
        EXPECT_EQ(clean, kFibers * kForks);
      },
      std::chrono::seconds(60));
}

// The child computes long enough for many slices, while it is told to stop as the parent is.
TEST_P(Fork, NothingInterruptsTheChild) {
  passes_in_child([] {
    struct sigaction action {};
    static volatile std::sig_atomic_t handled;
    action.sa_handler = [](int) { handled = handled + 1; };
    sigaction(SIGURG, &action, nullptr);
    run(config(kPreemptive, 1, GetParam()), [] {
      std::atomic<bool> stop{false};
      Fiber other([&] {
        while (!stop) spin(1'000);
      });
      const Storm storm(1, 1);
      for (int round = 0; round < 5; ++round) {
        const int status = in_fork([] {
          handled = 0;
          spin(50'000'000);
          return handled == 0 ? kClean : 1;
        });
        EXPECT_EQ(status, 0);
      }
      stop = true;
    });
  });
}

TEST_P(Fork, TheMaskOfTheProgramComesBack) {
  passes_in_child([] {
    std::signal(SIGUSR2, ignore_signal);
    sigset_t urgent;
    sigemptyset(&urgent);
    sigaddset(&urgent, SIGURG);
    pthread_sigmask(SIG_BLOCK, &urgent, nullptr);
    run(config(kPreemptive, 2, GetParam()), [] {
      const pid_t parent = getpid();
      std::vector<Fiber> fibers;
      for (int i = 0; i < 4; ++i) {
        fibers.emplace_back([parent] {
          spin(30'000'000);  // so that some have moved to workers that were added
          EXPECT_EQ(in_fork([parent] { return faults_of_this_process(parent, true); }), 0);
        });
      }
    });
    EXPECT_TRUE(is_blocked(SIGURG));
  });
}

TEST_P(Fork, AnotherProgramRunsInTheChild) {
  passes_in_child([] {
    run(config(kPreemptive, 2, GetParam()), [] {
      const Storm storm(1, 2);
      for (int round = 0; round < 20; ++round) {
        const int forked = in_fork([] {
          execl("/bin/sh", "sh", "-c", "exit 42", static_cast<char*>(nullptr));
          return 1;
        });
        EXPECT_EQ(WEXITSTATUS(forked), 42);
        pid_t child = 0;
        std::array<char*, 4> arguments{const_cast<char*>("sh"), const_cast<char*>("-c"), const_cast<char*>("exit 43"), nullptr};
        ASSERT_EQ(posix_spawn(&child, "/bin/sh", nullptr, nullptr, arguments.data(), environ), 0);
        EXPECT_EQ(WEXITSTATUS(wait_for(child)), 43);
      }
    });
  });
}

// What can be done without a runtime can be done; what would have to wait ends the child with a message.
int works_without_a_runtime() {
  this_fiber::checkpoint();
  const this_fiber::NoPreempt guard;
  Mutex mutex;
  const std::lock_guard lock(mutex);
  Channel<int> channel(1);
  channel.send(1);
  if (channel.receive() != 1 || nanotime() <= 0) return 1;
  try {
    Fiber fiber([] {});
    return 2;
  } catch (const std::system_error&) {
  }
  try {
    this_fiber::yield();
    return 3;
  } catch (const std::system_error&) {
  }
  try {
    run([] {});
    return 4;
  } catch (const std::system_error& error) {
    return std::string(error.what()).find("fork") != std::string::npos ? kClean : 5;
  }
}

TEST_P(Fork, TheChildMayUseWhatNeedsNoRuntime) {
  passes_in_child([] { run(config(kPreemptive, 2, GetParam()), [] { EXPECT_EQ(in_fork(works_without_a_runtime), 0); }); });
}

TEST_P(Fork, WhatNeedsTheRuntimeEndsTheChildWithAMessage) {
  const Outcome outcome = in_child([] {
    run(config(kPreemptive, 2, GetParam()), [] {
      Channel<int> channel;
      Channel<int> wanted;
      WaitGroup group(1);
      Mutex mutex;
      ConditionVariable condition;
      std::unique_lock lock(mutex);
      Fiber receiver([&] { wanted.receive(); });
      while (stats().idle_processors == 0) this_fiber::yield();
      const auto refused = [](auto body) {
        const int status = in_fork([&] {
          body();
          return kClean;
        });
        EXPECT_EQ(WEXITSTATUS(status), 2) << status;
      };
      refused([&] { channel.receive(); });
      refused([&] { channel.send(1); });
      refused([&] { wanted.send(1); });
      refused([&] { group.wait(); });
      refused([&] { mutex.lock(); });
      refused([&] { condition.wait(lock); });
      refused([&] { condition.wait_for(lock, std::chrono::seconds(60)); });
      refused([&] { receiver.join(); });
      wanted.send(1);
    });
  });
  EXPECT_EQ(outcome.exit_code, 0) << describe(outcome);
  EXPECT_NE(outcome.err.find("the child of a fork() and has no runtime"), std::string::npos) << describe(outcome);
}

TEST_P(Fork, AFiberThatReturnsInTheChildEndsItWithAMessage) {
  passes_in_child([] {
    run(config(kPreemptive, 2, GetParam()), [] {
      std::atomic<pid_t> child{0};
      Fiber([&] { child = fork(); }).join();
      EXPECT_EQ(WEXITSTATUS(wait_for(child)), 2);
    });
  });
}

TEST_P(Fork, RunDoesNotReturnInTheChild) {
  passes_in_child([] {
    const pid_t child = run(config(kPreemptive, 2, GetParam()), [] { return fork(); });
    EXPECT_NE(child, 0);
    int status = 0;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(WEXITSTATUS(status), 2);
  });
}

// fork() called by main() and by threads, before, while and after a run() is under way.
TEST_P(Fork, OrdinaryThreadsForkToo) {
  passes_in_child([] {
    std::signal(SIGUSR2, ignore_signal);
    const auto runs_again = [] {
      return run(config(kPreemptive, 2, GetParam()), [] {
        Fiber fiber([] { spin(1'000'000); });
        fiber.join();
        return kClean;
      });
    };
    EXPECT_EQ(in_fork(runs_again), 0);
    run(config(kPreemptive, 2, GetParam()), [] {
      const Storm storm(1, 2);
      const pid_t parent = getpid();
      std::thread thread([parent] {
        for (int round = 0; round < 20; ++round)
          EXPECT_EQ(in_fork([parent] { return faults_of_this_process(parent, false); }), 0);
      });
      spin(20'000'000);
      thread.join();
    });
    EXPECT_EQ(in_fork(runs_again), 0);
  });
}

INSTANTIATE_TEST_SUITE_P(Resume, Fork, testing::Values(Resume::kSameThread, Resume::kAnyThread), [](const auto& info) {
  return std::string(info.param == Resume::kSameThread ? "same_thread" : "any_thread");
});

}  // namespace
}  // namespace heddle::test
