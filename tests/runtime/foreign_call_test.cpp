// Foreign calls: where they run, what comes back from them, and that nobody waits for one that blocks.
#include "runtime/child.hpp"
#include "runtime/each_strategy.hpp"
#include "runtime/scenario.hpp"
#include "runtime/threads.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace heddle::test {
namespace {

using std::chrono::milliseconds;

class ForeignCall : public WithStrategy {};

TEST_P(ForeignCall, RunsOnAnotherStackAndBringsItsResultBack) {
  passes_in_child([] {
    run(configured(), [] {
      const std::uintptr_t mine = stack_here();
      const std::uintptr_t there = foreign_call(stack_here);
      EXPECT_GT(mine < there ? there - mine : mine - there, std::uintptr_t{64 << 10});
      EXPECT_EQ(foreign_call([](int a, const std::string& b) { return b + std::to_string(a); }, 7, "seven "),
                "seven 7");
      EXPECT_EQ(foreign_call([](double a, double b) { return a / b; }, 1.0, 8.0), 0.125);
      auto pointer = foreign_call([](std::unique_ptr<int> p) { return p; }, std::make_unique<int>(3));
      EXPECT_EQ(*pointer, 3);
      int word = 0;
      int& same = foreign_call([](int& w) -> int& { return w; }, word);
      EXPECT_EQ(&same, &word);
      foreign_call([](int& w) { w = 5; }, word);
      EXPECT_EQ(word, 5);
    });
  });
}

TEST_P(ForeignCall, BringsExceptionsAndErrnoBack) {
  passes_in_child([] {
    run(configured(), [] {
      for (int i = 0; i < 100; ++i) {
        EXPECT_THROW(foreign_call([] { throw std::out_of_range("there"); }), std::out_of_range);
        foreign_call([i] { write_errno(i); });
        EXPECT_EQ(read_errno(), i);
      }
    });
  });
}

TEST_P(ForeignCall, ResultsArriveOnWhateverThreadItGoesOn) {
  passes_in_child(
      [] {
        run(configured(), [] {
          constexpr int kFibers = 20;
          std::atomic<int> moved{0};
          // So that no processor is idle, which whoever comes back would take on his thread.
          std::atomic<bool> over{false};
          std::vector<Fiber> others;
          for (std::uint32_t i = 0; i < std::get<1>(GetParam()); ++i) {
            others.emplace_back([&] {
              while (!over) this_fiber::yield();
            });
          }
          std::vector<Fiber> fibers;
          for (int i = 0; i < kFibers; ++i) {
            fibers.emplace_back([&, i] {
              for (int round = 0; round < 5 || moved == 0; ++round) {
                const std::uintptr_t before = this_thread();
                const double result = foreign_call([&] {
                  std::this_thread::sleep_for(milliseconds(2));
                  write_errno(1000 + i);
                  return i * 0.5;
                });
                const int number = read_errno();
                EXPECT_EQ(number, 1000 + i);
                EXPECT_EQ(result, i * 0.5);
                if (this_thread() != before) ++moved;
              }
            });
          }
          fibers.clear();
          over = true;
        });
      },
      std::chrono::seconds(30));
}

/// Fifty fibers call a function that goes on when all the others are in it too: when they have let their processors go.
template <class Call>
void each_waits_for_all(Call call) {
  constexpr int kFibers = 50;
  Gate gate;
  std::atomic<int> inside{0};
  std::vector<Fiber> fibers;
  for (int i = 0; i < kFibers; ++i) {
    fibers.emplace_back([&] {
      call([&] {
        if (++inside == kFibers) gate.open();
        gate.wait();
      });
    });
  }
  fibers.clear();
  EXPECT_EQ(inside, kFibers);
}

TEST_P(ForeignCall, OneThatBlocksKeepsNobodyFromRunning) {
  passes_in_child([] { run(configured(), [] { each_waits_for_all([](auto wait) { foreign_call(wait); }); }); });
}

TEST_P(ForeignCall, OneThatIsKnownToBlockHandsTheProcessorOverAtOnce) {
  passes_in_child([] {
    run(configured(), [] {
      each_waits_for_all([](auto wait) {
        blocking(wait);
        this_fiber::yield();
      });
    });
  });
}

TEST_P(ForeignCall, OneThatComputesKeepsNobodyFromRunning) {
  passes_in_child([] {
    run(configured(), [] {
      std::atomic<bool> stop{false};
      std::vector<Fiber> fibers;
      for (std::uint32_t i = 0; i < std::get<1>(GetParam()); ++i) {
        fibers.emplace_back([&] {
          foreign_call([&] {
            while (!stop) spin(1000);
          });
        });
      }
      this_fiber::sleep_for(milliseconds(1));
      Fiber([&] { stop = true; }).join();
    });
  });
}

TEST_P(ForeignCall, NestsAndIsPlainOnAnOrdinaryThread) {
  passes_in_child([] {
    EXPECT_EQ(foreign_call([] { return 1; }), 1);
    run(configured(), [] {
      EXPECT_EQ(foreign_call([] { return foreign_call([] { return 2; }); }), 2);
      int result = 0;
      std::thread([&] { result = foreign_call([] { return 3; }); }).join();
      EXPECT_EQ(result, 3);
    });
  });
}

TEST_P(ForeignCall, ManyShortOnes) {
  passes_in_child(
      [] {
        run(configured(), [] {
          constexpr int kFibers = 8;
          const std::size_t rounds = scaled(20'000);
          std::atomic<std::uint64_t> sum{0};
          std::vector<Fiber> fibers;
          for (int i = 0; i < kFibers; ++i) {
            fibers.emplace_back([&] {
              for (std::size_t round = 0; round < rounds; ++round) {
                sum += foreign_call([round] { return round; });
                if (round % 100 == 0) this_fiber::yield();
              }
            });
          }
          fibers.clear();
          EXPECT_EQ(sum, kFibers * rounds * (rounds - 1) / 2);
        });
      },
      std::chrono::seconds(60));
}

INSTANTIATE_TEST_SUITE_P(Under, ForeignCall, none_and_preemptive(), strategy_name);

// R31: a request to give way that arrives in a foreign call, which is not interrupted, is met when that returns, however short it is; so
// the fibers that wait for a processor get one from those that go from call to call.
class ShortForeignCalls : public testing::TestWithParam<std::tuple<int, bool>> {};

void compute_for(int microseconds) {
  const std::int64_t end = nanotime() + microseconds * 1'000;
  while (nanotime() < end) spin(100);
}

TEST_P(ShortForeignCalls, LetEveryFiberStart) {
  passes_in_child(
      [] {
        run(config(kPreemptive, 2), [microseconds = std::get<0>(GetParam()), hands_over = std::get<1>(GetParam())] {
          std::atomic<bool> stop{false};
          WaitGroup started(8);
          std::vector<Fiber> fibers;
          for (int i = 0; i < 8; ++i) {
            fibers.emplace_back([&] {
              started.done();
              while (!stop) hands_over ? blocking(compute_for, microseconds) : foreign_call(compute_for, microseconds);
            });
          }
          started.wait();
          stop = true;
        });
      },
      std::chrono::seconds(5));
}

INSTANTIATE_TEST_SUITE_P(Microseconds, ShortForeignCalls,
                         testing::Combine(testing::Values(10, 100, 1000), testing::Bool()), [](const auto& info) {
                           return std::to_string(std::get<0>(info.param)) +
                                  (std::get<1>(info.param) ? "_blocking" : "_foreign_call");
                         });

TEST(ForeignCallMisuse, WaitingInsideEndsTheProcess) {
  const Outcome outcome = in_child([] { run(config(kPreemptive, 1), [] { foreign_call([] { this_fiber::yield(); }); }); });
  EXPECT_EQ(outcome.exit_code, 2) << describe(outcome);
  EXPECT_NE(outcome.err.find("schedule: in foreign call"), std::string::npos) << describe(outcome);
}

TEST(ForeignCallMisuse, WaitingForAChannelInsideEndsTheProcess) {
  const Outcome outcome = in_child([] {
    run(config(kPreemptive, 1), [] {
      Channel<int> channel;
      foreign_call([&] { channel.receive(); });
    });
  });
  EXPECT_EQ(outcome.exit_code, 2) << describe(outcome);
  EXPECT_NE(outcome.err.find("schedule: in foreign call"), std::string::npos) << describe(outcome);
}

}  // namespace
}  // namespace heddle::test
