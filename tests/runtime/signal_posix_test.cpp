// Signals of the application beside those of the runtime (R50, the last part of R59).
#include "runtime/child.hpp"
#include "runtime/scenario.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <string>
#include <vector>

#include <unistd.h>

namespace heddle::test {
namespace {

std::atomic<int> handled{0};
std::atomic<int> with_information{0};

void count(int) {
  handled.fetch_add(1, std::memory_order_relaxed);
}

void count_information(int signal, siginfo_t* information, void* context) {
  handled.fetch_add(1, std::memory_order_relaxed);
  if (information->si_signo == signal && context) with_information.fetch_add(1, std::memory_order_relaxed);
}

struct sigaction disposition(int signal) {
  struct sigaction action {};
  sigaction(signal, nullptr, &action);
  return action;
}

void install(int signal, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART | SA_ONSTACK;
  sigfillset(&action.sa_mask);
  ASSERT_EQ(sigaction(signal, &action, nullptr), 0);
}

void install_with_information(int signal) {
  struct sigaction action {};
  action.sa_sigaction = count_information;
  action.sa_flags = SA_RESTART | SA_ONSTACK | SA_SIGINFO;
  sigfillset(&action.sa_mask);
  ASSERT_EQ(sigaction(signal, &action, nullptr), 0);
}

/// Sends itself a hundred, one after the other, while other fibers are being interrupted.
void send_a_hundred(int signal) {
  std::atomic<bool> stop{false};
  std::vector<Fiber> busy;
  for (int i = 0; i < 3; ++i) {
    busy.emplace_back([&] {
      while (!stop) {
        spin(2'000'000);
        this_fiber::yield();
      }
    });
  }
  for (int i = 0; i < 100; ++i) {
    kill(getpid(), signal);
    this_fiber::sleep_for(std::chrono::microseconds(500));
  }
  stop = true;
}

class ApplicationSignal : public testing::TestWithParam<const char*> {};

// Signals of one number are not queued: of a hundred at least one is seen, and in practice nearly all.
TEST_P(ApplicationSignal, ReachesAHandlerInstalledBefore) {
  passes_in_child([] {
    install(SIGURG, count);
    run(config(GetParam(), 2), [] { send_a_hundred(SIGURG); });
    EXPECT_GE(handled, 1);
    const int before = handled;
    raise(SIGURG);
    EXPECT_EQ(handled, before + 1);
    EXPECT_EQ(disposition(SIGURG).sa_handler, &count);
  });
}

TEST_P(ApplicationSignal, ReachesAHandlerWithItsInformation) {
  passes_in_child([] {
    install_with_information(SIGURG);
    run(config(GetParam(), 2), [] { send_a_hundred(SIGURG); });
    EXPECT_GE(handled, 1);
    EXPECT_EQ(handled, with_information);
    EXPECT_EQ(disposition(SIGURG).sa_sigaction, &count_information);
  });
}

TEST_P(ApplicationSignal, WithoutAHandlerIsIgnoredAsBefore) {
  passes_in_child([] {
    run(config(GetParam(), 2), [] { send_a_hundred(SIGURG); });
    EXPECT_EQ(disposition(SIGURG).sa_handler, SIG_DFL);
    raise(SIGURG);
    std::signal(SIGURG, SIG_IGN);
    run(config(GetParam(), 2), [] { send_a_hundred(SIGURG); });
    EXPECT_EQ(disposition(SIGURG).sa_handler, SIG_IGN);
  });
}

TEST_P(ApplicationSignal, HandlersDoNotDisturbErrno) {
  passes_in_child([] {
    install(SIGUSR1, [](int) { errno = EDOM; });
    run(config(GetParam(), 2), [] {
      // Before anyone sends it: the default action ends the process.
      install(SIGUSR2, [](int) {
        const int saved = errno;
        errno = ERANGE;
        errno = saved;
      });
      std::atomic<bool> stop{false};
      Fiber sender([&] {
        while (!stop) {
          kill(getpid(), SIGUSR2);
          this_fiber::sleep_for(std::chrono::microseconds(100));
        }
      });
      for (int round = 0; round < 200; ++round) {
        write_errno(round);
        spin(100'000);
        ASSERT_EQ(read_errno(), round);
      }
      stop = true;
    });
  });
}

INSTANTIATE_TEST_SUITE_P(Under, ApplicationSignal, testing::Values("none", "cooperative", kPreemptive),
                         [](const auto& info) { return std::string(info.param); });

TEST(SignalOfTheConfiguration, InterruptsInsteadOfSigurg) {
  passes_in_child([] {
    install(SIGURG, count);
    Config configuration = config(kPreemptive, 1);
    configuration.preempter.signal = "SIGUSR2";
    run(configuration, [] {
      std::atomic<bool> stop{false};
      Fiber hog([&] {
        while (!stop) asm volatile("");
      });
      for (int i = 0; i < 5; ++i) this_fiber::yield();
      EXPECT_GE(stats().preemptions, 4U);
      stop = true;
    });
    EXPECT_EQ(handled, 0);
    EXPECT_EQ(disposition(SIGUSR2).sa_handler, SIG_DFL);
  });
}

// R50: signals strike while the clock is being read, on all workers, and their handler reads the clock too.
std::atomic<std::int64_t> clock_in_handler{0};

void read_clock(int) {
  const int saved = errno;
  clock_in_handler = nanotime();
  handled.fetch_add(1, std::memory_order_relaxed);
  errno = saved;
}

class TimeUnderSignals : public testing::TestWithParam<Resume> {};

TEST_P(TimeUnderSignals, StaysMonotonic) {
  passes_in_child([] {
    install(SIGUSR1, read_clock);
    run(config(kPreemptive, 4, GetParam()), [] {
      std::atomic<bool> stop{false};
      Fiber sender([&] {
        while (!stop) {
          kill(getpid(), SIGUSR1);
          this_fiber::yield();
        }
      });
      const std::int64_t start = nanotime();
      std::int64_t last = start;
      std::uint64_t reads = 0;
      for (; last - start < 3'000'000'000 || handled <= 1'000; ++reads) {
        const std::int64_t now = nanotime();
        ASSERT_GE(now, last);
        ASSERT_LT(now - last, 5'000'000'000) << "the clock jumped";
        last = now;
      }
      stop = true;
      EXPECT_GT(reads, 1'000U);
    });
    EXPECT_GT(clock_in_handler, 0);
  });
}

INSTANTIATE_TEST_SUITE_P(Resume, TimeUnderSignals, testing::Values(Resume::kSameThread, Resume::kAnyThread),
                         [](const auto& info) {
                           return std::string(info.param == Resume::kSameThread ? "same_thread" : "any_thread");
                         });

}  // namespace
}  // namespace heddle::test
