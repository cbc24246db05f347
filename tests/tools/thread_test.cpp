// ThreadSanitizer with fibers: a race between two of them is found, what synchronises them is seen, and interruptions are not asked
// for.
#include "runtime/child.hpp"
#include "runtime/scenario.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <string>
#include <vector>

namespace heddle::test {
namespace {

constexpr std::chrono::seconds kLimit{60};

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
