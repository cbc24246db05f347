// ThreadSanitizer with fibers: a race between two of them is found, what synchronises them is seen, and interruptions are not asked
// for.
#include "runtime/child.hpp"
#include "runtime/scenario.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace heddle::test {
namespace {

constexpr std::chrono::seconds kLimit{60};

/// Receives until zero comes, and then does what races. Its frame is one that a report has to show.
[[gnu::noinline]] void receive_and_race(Channel<int>& values, int& shared) {
  while (values.receive().value_or(0) != 0) {
  }
  shared = shared + 1;
  asm volatile("");
}

TEST(Thread, FindsARaceBetweenFibersOfTwoWorkers) {
  const Outcome outcome = in_child(
      [] {
        run(config("cooperative", 2), [] {
          std::atomic<int> arrived{0};
          int shared = 0;
          const auto race = [&] {
            arrived.fetch_add(1, std::memory_order_relaxed);
            while (arrived.load(std::memory_order_relaxed) < 2) {
            }  // so each has a worker of its own
            shared = shared + 1;
          };
          Fiber one(race), other(race);
          one.join();
          other.join();
        });
      },
      kLimit);
  EXPECT_NE(outcome.exit_code, 0);
  EXPECT_NE(outcome.err.find("data race"), std::string::npos) << describe(outcome);
}

// Each look at a parked fiber runs a function on its stack, which returns when the fiber goes on.
TEST(Thread, ShowsTheFramesOfAFiberThatWasLookedAtOften) {
  const Outcome outcome = in_child(
      [] {
        run(config("cooperative", 2), [] {
          std::atomic<bool> written{false};
          int shared = 0;
          std::thread other([&] {
            shared = shared + 1;
            written.store(true, std::memory_order_relaxed);
          });
          while (!written.load(std::memory_order_relaxed)) this_fiber::yield();
          Channel<int> values;
          Fiber fiber([&] { receive_and_race(values, shared); });
          for (int left = 100; left >= 0; --left) {
            while (fibers().back().state != FiberState::kWaiting) this_fiber::yield();
            std::ostringstream text;
            dump_fibers(text);
            EXPECT_NE(text.str().find("waiting for a value"), std::string::npos) << text.str();
            values.send(left);
          }
          fiber.join();
          other.join();
        });
      },
      kLimit);
  EXPECT_NE(outcome.err.find("data race"), std::string::npos) << describe(outcome);
  const std::size_t begin = outcome.err.find("receive_and_race");
  ASSERT_NE(begin, std::string::npos) << describe(outcome);
  const std::string frames = outcome.err.substr(begin, outcome.err.find("\n\n", begin) - begin);
  EXPECT_NE(frames.find("enter_fiber"), std::string::npos) << describe(outcome);  // whose frame is the outermost
  EXPECT_EQ(outcome.exit_code, 66) << describe(outcome);                          // ThreadSanitizer's, after reports
}

TEST(Thread, SeesWhatSynchronisesFibers) {
  passes_in_child(
      [] {
        run(config("cooperative", 2), [] {
          int by_mutex = 0, by_channel = 0;
          const int rounds = static_cast<int>(scaled(1000));
          Mutex mutex;
          Channel<int*> token(1);
          const auto work = [&] {
            for (int i = 0; i < rounds; ++i) {
              {
                std::lock_guard lock(mutex);
                ++by_mutex;
              }
              int* const mine = *token.receive();
              ++*mine;
              token.send(mine);
              this_fiber::yield();
            }
          };
          token.send(&by_channel);
          std::vector<Fiber> fibers;
          for (int i = 0; i < 8; ++i) fibers.emplace_back(work);
          for (Fiber& fiber : fibers) fiber.join();
          EXPECT_EQ(by_mutex, 8 * rounds);
          EXPECT_EQ(by_channel, 8 * rounds);
        });
      },
      kLimit);
}

TEST(Thread, ManyFibersOneAfterTheOther) {
  passes_in_child(
      [] {
        run(config("cooperative", 2), [] {
          for (std::size_t i = 0; i < scaled(20'000); ++i) Fiber([] {}).join();  // ThreadSanitizer knows 8128 at a time
        });
      },
      kLimit);
}

TEST(Thread, PreemptionIsCooperativeAndSaysSo) {
  const Outcome outcome = in_child([] { run(config(kPreemptive, 1), [] {}); }, kLimit);
  EXPECT_EQ(outcome.exit_code, 0) << describe(outcome);
  const std::string line =
      "heddle: warning: preempter.strategy is cooperative instead of signal: "
      "ThreadSanitizer delays the signals that would interrupt a fiber\n";
  EXPECT_EQ(outcome.err.find(line), outcome.err.rfind(line)) << describe(outcome);
  EXPECT_NE(outcome.err.find(line), std::string::npos) << describe(outcome);
}

}  // namespace
}  // namespace heddle::test
