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
#include <fstream>
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
constexpr int kWentOn = 44;

/// Forks, runs `body` in the child and returns its wait status. A fiber of the parent waits without keeping its processor.
template <class Body>
int in_fork(Body body) {
  const pid_t child = fork();
  if (child == 0) _exit(body());
  return wait_for(child);
}

void ignore_signal(int) {}

/// On the signal stack: on a fiber's it could be preempted, and with it what it has interrupted.
void ignore(int signal) {
  struct sigaction action {};
  action.sa_handler = ignore_signal;
  action.sa_flags = SA_RESTART | SA_ONSTACK;
  sigaction(signal, &action, nullptr);
}

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
        ignore(SIGUSR2);
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
    ignore(SIGUSR2);
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
    ignore(SIGUSR2);
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

// --- In foreign code, R40: fork() in a call, in a callback, and in the callback of a thread that the runtime does not know.

enum class Place { kForeignCall, kBlockingCall, kCallback, kForeignThread };

template <class Body>
void in_foreign_code(Place place, Body body) {
  switch (place) {
    case Place::kForeignCall:
      return foreign_call(body);
    case Place::kBlockingCall:
      return blocking(body);
    case Place::kCallback:
      return foreign_call([&] { callback(body); });
    case Place::kForeignThread: {
      std::thread thread([&, parent = getpid()] {
        callback(body);
        if (getpid() != parent) _exit(kWentOn);
      });
      blocking([&] { thread.join(); });
    }
  }
}

std::string status_line(const std::string& key) {
  std::ifstream status("/proc/self/status");
  for (std::string word, value; status >> word; std::getline(status, value))
    if (word == key) return status >> value, value;
  return "";
}

class ForkInForeignCode : public testing::TestWithParam<Place> {};

TEST_P(ForkInForeignCode, ProgramsStartCleanAmongSignals) {
  passes_in_child(
      [] {
        constexpr int kFibers = 10;
        const std::size_t forks = scaled(10);
        ignore(SIGUSR2);
        ignore(SIGTERM);
        ignore(SIGWINCH);
        // What a shell sees of itself must be what this process was started with. An emulator keeps the mask to itself and tells the shell,
        // which is the machine's own, nothing.
        const bool emulated = std::getenv("HEDDLE_TEST_EMULATOR");
        const std::string blocked = emulated ? "" : status_line("SigBlk:");
        const std::string ignored = emulated ? "" : status_line("SigIgn:");
        constexpr const char* kScript =
            "while read -r key value; do case $key in SigBlk:) [ -z $1 ] || [ $value = $1 ] || exit 21 ;; "
            "SigIgn:) [ -z $2 ] || [ $value = $2 ] || exit 22 ;; esac; done </proc/self/status; exit 42";
        std::atomic<bool> over{false};
        run(config(kPreemptive, 2), [&] {
          const pid_t parent = getpid();
          const Storm storm(1, 2);
          std::thread sender([&] {
            while (!over) {
              kill(parent, SIGTERM);
              kill(parent, SIGWINCH);
              usleep(200);
            }
          });
          std::vector<Fiber> fibers;
          for (int fiber = 0; fiber < kFibers; ++fiber) {
            fibers.emplace_back([&] {
              for (std::size_t round = 0; round < forks; ++round) {
                pid_t child = -1;
                in_foreign_code(GetParam(), [&] {
                  child = fork();
                  if (child != 0) return;
                  if (const int fault = faults_of_this_process(parent, false)) _exit(fault);
                  execl("/bin/sh", "sh", "-c", kScript, "sh", blocked.c_str(), ignored.c_str(), static_cast<char*>(nullptr));
                  _exit(20);
                });
                kill(child, SIGWINCH);
                const int status = wait_for(child);
                EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 42) << "wait status " << status;
              }
            });
          }
          fibers.clear();
          over = true;
          sender.join();
        });
      },
      std::chrono::seconds(30));
}

// fork() may be the whole of the call. Its fiber goes on in the child, even if the parent's has had to do without its processor.
TEST_P(ForkInForeignCode, TheChildComesOutOfIt) {
  passes_in_child(
      [] {
        run(config(kPreemptive, 1), [] {
          std::atomic<bool> over{false};
          Fiber hog([&] {
            while (!over) spin(1'000);
          });
          for (int round = 0; round < 20; ++round) {
            pid_t child = -1;
            in_foreign_code(GetParam(), [&] {
              if (round % 2) usleep(2'000);
              child = fork();
            });
            if (child == 0) {
              this_fiber::checkpoint();
              _exit(kWentOn);
            }
            const int status = wait_for(child);
            EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == kWentOn) << "wait status " << status;
          }
          EXPECT_TRUE(stats().rescues != 0 || GetParam() == Place::kBlockingCall);  // that one hands its processor over itself
          over = true;
        });
      },
      std::chrono::seconds(60));
}

TEST_P(ForkInForeignCode, AnExceptionTakesTheChildOutOfIt) {
  passes_in_child([] {
    if (GetParam() == Place::kForeignThread) GTEST_SKIP() << "what leaves that callback arrives on the thread";
    run(config(kPreemptive, 2), [] {
      for (int round = 0; round < 20; ++round) {
        pid_t child = -1;
        EXPECT_THROW(in_foreign_code(GetParam(),
                                     [&] {
                                       if (round % 2) usleep(2'000);
                                       child = fork();
                                       throw 1;
                                     }),
                     int);
        if (child == 0) _exit(kWentOn);
        EXPECT_EQ(WEXITSTATUS(wait_for(child)), kWentOn);
      }
    });
  });
}

// A callback is nothing that a process without a runtime can have.
TEST_P(ForkInForeignCode, TheChildCannotCallBack) {
  passes_in_child([] {
    run(config(kPreemptive, 2), [] {
      pid_t child = -1;
      in_foreign_code(GetParam(), [&] {
        child = fork();
        if (child != 0) return;
        callback([] { _exit(1); });
        _exit(1);
      });
      EXPECT_EQ(WEXITSTATUS(wait_for(child)), 2);
    });
  });
}

INSTANTIATE_TEST_SUITE_P(At, ForkInForeignCode,
                         testing::Values(Place::kForeignCall, Place::kBlockingCall, Place::kCallback, Place::kForeignThread),
                         [](const auto& info) -> std::string {
                           switch (info.param) {
                             case Place::kForeignCall:
                               return "foreign_call";
                             case Place::kBlockingCall:
                               return "blocking";
                             case Place::kCallback:
                               return "callback";
                             default:
                               return "foreign_thread";
                           }
                         });

}  // namespace
}  // namespace heddle::test
