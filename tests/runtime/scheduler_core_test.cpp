// R60, what is left of it beside fairness_test.cpp, mutex_test.cpp and scheduler_test.cpp: fibers that need each other at the same
// time, pairs that hand work to each other, a mutex that is handed over.
#include "runtime/child.hpp"
#include "runtime/scenario.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <utility>
#include <vector>

namespace heddle::test {
namespace {

class LockStep : public testing::TestWithParam<const char*> {};

// Each waits for its turn without calling the runtime: under `none` nothing but four processors that all work lets this end.
TEST_P(LockStep, FibersTakeTurnsOnAProcessorEach) {
  passes_in_child(
      [] {
        constexpr int kFibers = 4, kRounds = 5, kTries = 10;  // on a busy machine a turn may take tens of ms
        run(config(GetParam(), kFibers), [] {
          for (int attempt = 0; attempt < kTries; ++attempt) {
            std::atomic<int> turn{0};
            std::vector<Fiber> fibers;
            for (int self = 0; self < kFibers; ++self) {
              fibers.emplace_back([&turn, self] {
                for (int round = 0; round < kRounds; ++round) {
                  while (turn != round * kFibers + self) spin(1'000);
                  ++turn;
                }
              });
            }
            fibers.clear();
            ASSERT_EQ(turn, kFibers * kRounds);
          }
        });
      },
      std::chrono::seconds(60));
}

INSTANTIATE_TEST_SUITE_P(Under, LockStep, testing::Values("none", kPreemptive),
                         [](const auto& info) { return std::string(info.param); });

/// Two fibers with one token between them: who has it counts up to `limit` and passes it on.
class Pair {
 public:
  explicit Pair(std::uint64_t limit) : limit_(limit), first_([this] { count(); }), second_([this] { count(); }) {}

  void start() { token_.send(1); }
  void stop() { token_.close(); }
  std::uint64_t counted() const { return counted_.load(std::memory_order_relaxed); }

 private:
  void count() {
    while (token_.receive()) {
      for (std::uint64_t i = 0; i < limit_; ++i) counted_.fetch_add(1, std::memory_order_relaxed);
      if (!token_.send(1)) return;
    }
  }

  const std::uint64_t limit_;
  std::atomic<std::uint64_t> counted_{0};
  Channel<int> token_;
  Fiber first_;
  Fiber second_;
};

class Pairs : public testing::TestWithParam<Resume> {};

TEST_P(Pairs, AHeavyAndALightOneGetOnWithinAFactorOfTwenty) {
  passes_in_child(
      [] {
        run(config(kPreemptive, 1, GetParam()), [] {
          constexpr std::uint64_t kEnough = 30'000'000;
          Pair heavy(1'000'000);
          Pair light(1'000);
          heavy.start();
          light.start();
          while (heavy.counted() < kEnough && light.counted() < kEnough)
            this_fiber::sleep_for(std::chrono::milliseconds(1));
          const auto [least, most] = std::minmax({heavy.counted(), light.counted()});
          EXPECT_LT(most, 20 * least) << "heavy " << heavy.counted() << ", light " << light.counted();
          heavy.stop();
          light.stop();
        });
      },
      std::chrono::seconds(60));
}

INSTANTIATE_TEST_SUITE_P(With, Pairs, testing::Values(Resume::kSameThread, Resume::kAnyThread), [](const auto& info) {
  return std::string(info.param == Resume::kSameThread ? "same_thread" : "any_thread");
});

class HandOff : public testing::TestWithParam<std::pair<const char*, std::uint32_t>> {};

// A waiter that found the mutex taken again when it was woken has it next, also if whoever unlocks wants it back at once.
TEST_P(HandOff, GoesToTheWaiterThatWasPassedOver) {
  passes_in_child(
      [] {
        const auto [strategy, processors] = GetParam();
        run(config(strategy, processors), [] {
          constexpr int kRounds = 300;
          int won = 0;
          for (int round = 0; round < kRounds; ++round) {
            Mutex mutex;
            std::atomic<int> first{0};
            std::atomic<int> tries{0};
            const auto come_first = [&first](int who) {
              int nobody = 0;
              first.compare_exchange_strong(nobody, who);
            };
            mutex.lock();
            Fiber waiter([&] {
              ++tries;
              mutex.lock();
              come_first(1);
              mutex.unlock();
            });
            while (tries == 0) this_fiber::yield();
            for (int turn = 0; turn < 10; ++turn) this_fiber::yield();  // it waits
            mutex.unlock();
            mutex.lock();  // it is passed over
            for (int turn = 0; turn < 10; ++turn) this_fiber::yield();
            mutex.unlock();
            mutex.lock();
            come_first(2);
            mutex.unlock();
            waiter.join();
            won += first == 1;
          }
          EXPECT_GE(3 * won, 2 * kRounds) << won << " of " << kRounds;
        });
      },
      std::chrono::seconds(30));
}

INSTANTIATE_TEST_SUITE_P(On, HandOff, testing::Values(std::pair{"none", 1U}, std::pair{kPreemptive, 2U}), [](const auto& info) {
  return std::string(info.param.first) + "_" + std::to_string(info.param.second);
});

}  // namespace
}  // namespace heddle::test
