// What foreign code and POSIX have in common: signal masks, alternate stacks, handlers, threads that are cancelled or change their ids.
#include "runtime/child.hpp"
#include "runtime/scenario.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <pthread.h>
#include <unistd.h>
#include <algorithm>
#include <atomic>
#include <csetjmp>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <system_error>
#include <thread>
#include <vector>

namespace heddle::test {
namespace {

using std::chrono::milliseconds;

template <class Body>
void on_a_thread(Body body) {
  std::thread thread(body);
  blocking([&] { thread.join(); });
}

sigset_t mask_now() {
  sigset_t mask{};
  pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  return mask;
}

bool is_blocked(int number) {
  const sigset_t mask = mask_now();
  return sigismember(&mask, number) == 1;
}

stack_t alternate_stack_now() {
  stack_t stack{};
  sigaltstack(nullptr, &stack);
  return stack;
}

class ForeignThreadOnPosix : public testing::TestWithParam<std::uint32_t> {
 protected:
  static Config configured() { return config(kPreemptive, GetParam()); }
};

// R08, I1.7.
TEST_P(ForeignThreadOnPosix, KeepsItsSignalMask) {
  passes_in_child([] {
    run(configured(), [] {
      for (const int number : {SIGIO, SIGURG, SIGPROF, SIGUSR1}) {
        on_a_thread([number] {
          sigset_t one;
          sigemptyset(&one);
          sigaddset(&one, number);
          pthread_sigmask(SIG_BLOCK, &one, nullptr);
          const sigset_t before = mask_now();
          for (int round = 0; round < 3; ++round) {
            callback([&] {
              struct sigaction action {};
              action.sa_handler = [](int) {};
              if (number == SIGIO) sigaction(SIGIO, &action, nullptr);
              EXPECT_TRUE(is_blocked(number));
              foreign_call([&] { EXPECT_TRUE(is_blocked(number)); });
              this_fiber::yield();
              EXPECT_TRUE(is_blocked(number));
            });
            const sigset_t after = mask_now();
            EXPECT_EQ(std::memcmp(&before, &after, sizeof before), 0);
          }
        });
      }
    });
  });
}

// I1.1.
TEST_P(ForeignThreadOnPosix, KeepsItsAlternateStack) {
  passes_in_child([] {
    run(configured(), [] {
      for (const bool has_one : {false, true}) {
        on_a_thread([has_one] {
          constexpr std::size_t kBytes = 64 << 10;
          const auto memory = std::make_unique<char[]>(kBytes);
          stack_t own{};
          own.ss_sp = memory.get();
          own.ss_size = kBytes;
          if (has_one) sigaltstack(&own, nullptr);
          const stack_t before = alternate_stack_now();
          callback([&] {
            this_fiber::yield();
            foreign_call([] {});
          });
          const stack_t after = alternate_stack_now();
          if (has_one) {
            EXPECT_EQ(after.ss_sp, before.ss_sp);
            EXPECT_EQ(after.ss_size, before.ss_size);
            EXPECT_EQ(after.ss_flags, before.ss_flags);
          } else {  // one to tell of an overflow on, until the thread ends
            EXPECT_EQ(after.ss_flags & SS_DISABLE, 0);
          }
          own.ss_flags = SS_DISABLE;
          if (has_one) sigaltstack(&own, nullptr);
        });
      }
    });
  });
}

// I1.6: a storm of signals, and of requests to give way, on a thread that goes in and out.
TEST_P(ForeignThreadOnPosix, StandsAStormOfSignals) {
  passes_in_child(
      [] {
        static std::atomic<std::uint64_t> handled{0};
        struct sigaction action {};
        action.sa_handler = [](int) { ++handled; };
        sigaction(SIGUSR1, &action, nullptr);
        run(configured(), [] {
          std::atomic<bool> stop{false};
          const std::size_t wanted = scaled(5000);
          std::thread target([&] {
            while (handled < wanted) callback([] { this_fiber::checkpoint(); });
            stop = true;
          });
          std::thread sender([&, to = target.native_handle()] {
            while (!stop) {
              pthread_kill(to, SIGUSR1);
              pthread_kill(to, SIGURG);
            }
          });
          blocking([&] {
            sender.join();
            target.join();
          });
        });
      },
      std::chrono::seconds(60));
}

/// Runs body() so much deeper in the stack.
template <class Body>
[[gnu::noinline]] void deeper(std::size_t bytes, Body body) {
  volatile char* room = static_cast<volatile char*>(__builtin_alloca(bytes));
  room[0] = 1;
  room[bytes - 1] = 1;
  body();
  room[0] = 0;
}

// R10: the worker is where the thread's stack pointer says, not where it was at the first entry.
TEST_P(ForeignThreadOnPosix, CallsFromVaryingDepths) {
  passes_in_child([] {
    run(configured(), [] {
      on_a_thread([] {
        for (int round = 0; round < 20; ++round) {
          EXPECT_EQ(callback([] { return 1; }), 1);
          deeper(40 << 10, [] {
            callback([] {
              this_fiber::yield();
              foreign_call([] { deeper(20 << 10, [] { EXPECT_EQ(callback([] { return 2; }), 2); }); });
            });
          });
          deeper(40 << 10, [] { EXPECT_THROW(callback([] { throw 1; }), int); });
        }
      });
    });
  });
}

// R20: the process's main thread is none of the runtime's here; after its first entry it makes no system call.
TEST_P(ForeignThreadOnPosix, CallsBackWithoutASystemCall) {
  passes_in_child(
      [] {
        std::atomic<bool> over{false};
        std::atomic<bool> up{false};
        std::thread runtime([&] {
          run(configured(), [&] {
            up = true;
            while (!over) this_fiber::sleep_for(milliseconds(1));
          });
        });
        while (!up) std::this_thread::yield();
        int entries = 0;
        for (int i = 0; i < 100'000; ++i) callback([&] { ++entries; });
        EXPECT_EQ(entries, 100'000);
        over = true;
        runtime.join();
      },
      std::chrono::seconds(60));
}

// R13: a destructor of a thread_local calls in, before or after the runtime's own has run.
struct CallsBackAtTheEnd {
  std::atomic<int>* calls = nullptr;
  ~CallsBackAtTheEnd() {
    if (calls) callback([this] { ++*calls; });
  }
};
thread_local CallsBackAtTheEnd first_made;
thread_local CallsBackAtTheEnd made_later;

TEST_P(ForeignThreadOnPosix, CallsBackFromDestructorsAtItsEnd) {
  passes_in_child([] {
    run(configured(), [] {
      std::atomic<int> calls{0};
      for (int round = 0; round < 20; ++round) {
        on_a_thread([&] {
          first_made.calls = &calls;  // destroyed last
          callback([] {});
          made_later.calls = &calls;  // destroyed first
        });
      }
      EXPECT_EQ(calls, 40);
      EXPECT_LE(stats().borrowed_workers, 2U);
    });
  });
}

TEST_P(ForeignThreadOnPosix, IsRefusedAfterRunFromADestructorOfTheProcess) {
  const Outcome outcome = in_child([] {
    static struct AtExit {
      ~AtExit() {
        try {
          callback([] {});
        } catch (const std::system_error& error) {
          _exit(error.code() == std::errc::operation_not_permitted ? 42 : 1);
        }
      }
    } at_exit;
    run(configured(), [] {});
    std::exit(1);
  });
  EXPECT_EQ(outcome.exit_code, 42) << describe(outcome);
}

// R14: threads call while run() begins and ends again and again: each entry runs whole or is refused.
TEST_P(ForeignThreadOnPosix, CallsWhileRunBeginsAndEnds) {
  passes_in_child(
      [] {
        constexpr int kThreads = 4;
        std::atomic<bool> stop{false};
        std::atomic<int> begun{0};
        std::atomic<int> ended{0};
        std::atomic<int> canceled{0};
        std::vector<std::thread> threads;
        for (int i = 0; i < kThreads; ++i) {
          threads.emplace_back([&] {
            while (!stop) {
              try {
                callback([&] {
                  ++begun;
                  this_fiber::yield();
                  ++ended;
                });
              } catch (const std::system_error& error) {
                if (error.code() == std::errc::operation_canceled) ++canceled;
              }
            }
          });
        }
        for (std::size_t round = 0; round < scaled(100) || ended == 0; ++round)
          run(configured(), [] { this_fiber::sleep_for(std::chrono::microseconds(200)); });
        stop = true;
        for (std::thread& thread : threads) thread.join();
        EXPECT_LE(begun - ended, canceled);
      },
      std::chrono::seconds(60));
}

// R11.
TEST_P(ForeignThreadOnPosix, WhatNobodyCatchesEndsTheProcess) {
  const Outcome outcome = in_child([] {
    run(configured(), [] {
      Channel<int> never;
      std::thread([] { callback([] { throw std::runtime_error("BOOM"); }); }).detach();
      never.receive();
    });
  });
  EXPECT_FALSE(outcome.timed_out);
  EXPECT_EQ(outcome.exit_code, SIGABRT) << describe(outcome);
  EXPECT_NE(outcome.err.find("BOOM"), std::string::npos) << describe(outcome);
}

// R16: threads that never entered take the program's action, or the default one.
TEST_P(ForeignThreadOnPosix, MayNotEndInsideACallback) {
  const Outcome outcome = in_child([] {
    run(config(kPreemptive, GetParam()), [] {
      std::thread thread([] { callback([] { pthread_exit(nullptr); }); });
      blocking([&] { thread.join(); });
    });
  });
  EXPECT_EQ(outcome.exit_code, 2) << describe(outcome);
  EXPECT_NE(
      outcome.err.find("heddle: fatal: a thread ends (pthread_exit, or it was cancelled) inside heddle::callback"),
      std::string::npos)
      << describe(outcome);
  EXPECT_NE(outcome.err.find("\"callback\": running"), std::string::npos) << describe(outcome);
}

TEST_P(ForeignThreadOnPosix, ANakedThreadTakesTheDefaultAction) {
  const Outcome outcome = in_child([] {
    run(configured(), [] {
      std::atomic<bool> stop{false};
      std::thread naked([&] {
        while (!stop) std::this_thread::yield();
      });
      for (int i = 0; i < 1000; ++i) pthread_kill(naked.native_handle(), SIGURG);
      stop = true;
      naked.join();
      std::thread([] { raise(SIGUSR1); }).join();
    });
  });
  EXPECT_EQ(outcome.exit_code, SIGUSR1) << describe(outcome);
}

// R36 a.
TEST_P(ForeignThreadOnPosix, CanBeCancelledBetweenCallbacks) {
  passes_in_child([] {
    run(configured(), [] {
      for (int round = 0; round < 10; ++round) {
        std::atomic<bool> called{false};
        std::thread thread([&] {
          callback([&] { called = true; });
          for (;;) pause();
        });
        while (!called) this_fiber::yield();
        pthread_cancel(thread.native_handle());
        blocking([&] { thread.join(); });
      }
      EXPECT_LE(stats().borrowed_workers, 2U);
    });
  });
}

INSTANTIATE_TEST_SUITE_P(On, ForeignThreadOnPosix, testing::Values(1u, 2u));

// R36 c: libc interrupts every thread of the process, workers and all.
TEST(ForeignCallOnPosix, SetgidWhileFibersAreLockedAndEnd) {
  passes_in_child(
      [] {
        run(config(kPreemptive, 2), [] {
          std::vector<Fiber> fibers;
          for (std::size_t i = 0; i < scaled(50); ++i) {
            fibers.emplace_back([] {
              lock_thread_for_good();  // the thread ends with the fiber
              EXPECT_EQ(foreign_call([] { return setgid(getgid()); }), 0);
              this_fiber::yield();
            });
          }
        });
      },
      std::chrono::seconds(60));
}

/// Fills 8 KiB below its own frame, waits, and returns how much of that has changed. Calls nothing, so that all of it is below the stack
/// pointer, where nobody but a handler that is not on a stack of its own would write.
[[gnu::noinline]] std::size_t changes_below_the_stack_pointer(const volatile bool& stop) {
  constexpr std::size_t kWords = (8 << 10) / sizeof(std::uintptr_t);
  constexpr std::uintptr_t kPattern = 0x5a5a'1234;
  constexpr std::size_t kFrame = 256;  // more than this function's, and than what belongs to it below the stack pointer
  auto* const words = reinterpret_cast<volatile std::uintptr_t*>(
      reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)) - kFrame - kWords * sizeof(std::uintptr_t));
  for (std::size_t i = 0; i < kWords; ++i) words[i] = kPattern + i;
  while (!stop) {
  }
  std::size_t changed = 0;
  for (std::size_t i = 0; i < kWords; ++i) changed += words[i] != kPattern + i;
  return changed;
}

// R36 b: neither libc's handler nor the runtime's runs on the stack of a fiber.
TEST(ForeignCallOnPosix, SignalsLeaveTheStackOfAFiberAlone) {
  passes_in_child(
      [] {
        run(config(kPreemptive, 2), [] {
          volatile bool stop = false;
          Fiber target([&] {
            const this_fiber::NoPreempt guard;  // a fiber that is interrupted is called something on its stack
            EXPECT_EQ(changes_below_the_stack_pointer(stop), 0U);
          });
          Fiber sender([&] {
            const LockThread lock;
            for (std::size_t i = 0; i < scaled(200); ++i) {
              EXPECT_EQ(foreign_call([] { return setgid(getgid()); }), 0);
              this_fiber::yield();
            }
            stop = true;
          });
          target.join();
        });
      },
      std::chrono::seconds(60));
}

// R07: foreign code gives the thread another alternate stack; the handlers of the port run there.
TEST(ForeignCallOnPosix, AnAlternateStackOfForeignCodeServesTheRuntimeToo) {
  passes_in_child([] {
    run(config(kPreemptive, 2), [] {
      const LockThread lock;
      constexpr std::size_t kBytes = 128 << 10;
      const auto memory = std::make_unique<char[]>(kBytes);
      stack_t before{};
      foreign_call([&] {
        stack_t own{};
        own.ss_sp = memory.get();
        own.ss_size = kBytes;
        sigaltstack(&own, &before);
      });
      std::atomic<std::uint64_t> others{0};
      std::atomic<bool> stop{false};
      Fiber other([&] {
        while (!stop) {
          ++others;
          this_fiber::yield();
        }
      });
      Fiber hog([&] {
        while (!stop) spin(1000);
      });
      while (stats().preemptions < 3) spin(100'000);
      stop = true;
      foreign_call([&] { sigaltstack(&before, nullptr); });
    });
  });
}

std::atomic<int> forwarded{0};
sigjmp_buf away;

// R38: a handler that was there before the runtime gets the faults of foreign code.
TEST(ForeignCallOnPosix, AFaultReachesTheProgramsHandler) {
  passes_in_child([] {
    struct sigaction action {};
    action.sa_handler = [](int) {
      ++forwarded;
      siglongjmp(away, 1);
    };
    action.sa_flags = SA_ONSTACK;
    sigaction(SIGSEGV, &action, nullptr);
    run(config(kPreemptive, 1), [] {
      for (int i = 0; i < 10; ++i) {
        foreign_call([] {
          if (sigsetjmp(away, 1) == 0) *static_cast<volatile int*>(nullptr) = 1;
        });
        this_fiber::yield();
      }
      EXPECT_EQ(forwarded, 10);
    });
  });
}

// R30.
TEST(ForeignCallOnPosix, FiftySleepsAtOnceOnOneProcessorCostNothing) {
  passes_in_child([] {
    run(config(kPreemptive, 1), [] {
      constexpr int kFibers = 50;
      std::vector<Fiber> fibers;
      const std::int64_t begin = nanotime();
      for (int i = 0; i < kFibers; ++i) fibers.emplace_back([] { foreign_call([] { usleep(500'000); }); });
      std::int64_t started = 0;
      Fiber([&] { started = nanotime(); }).join();
      EXPECT_LT(started - begin, 500'000'000);
      EXPECT_LE(stats().workers, kFibers + 4U);
      fibers.clear();
      EXPECT_LT(nanotime() - begin, 5'000'000'000);  // not one after the other
    });
  });
}

}  // namespace
}  // namespace heddle::test
