// Everything at once: fibers that pick at random what to do next, under preemption, while others come and go.
#include "runtime/child.hpp"
#include "runtime/scenario.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <atomic>
#include <mutex>
#include <random>
#include <vector>

namespace heddle::test {
namespace {

using std::chrono::microseconds;

/// Tokens that move between a mutex-guarded purse, a channel and the fibers' hands. None may be lost or made.
class Tokens {
 public:
  static constexpr int kTotal = 40;

  explicit Tokens(std::size_t capacity) : channel_(capacity) {}

  void play(std::uint64_t seed, std::size_t turns) {
    std::mt19937_64 random(seed);
    int hand = 0;
    for (std::size_t turn = 0; turn < turns; ++turn) hand += step(random, hand);
    const std::lock_guard lock(mutex_);
    purse_ += hand;
    changed_.notify_all();
  }

  int count() {
    const std::lock_guard lock(mutex_);
    int count = purse_;
    while (channel_.try_receive()) ++count;
    return count;
  }

 private:
  /// Returns by how much the hand's tokens change.
  int step(std::mt19937_64& random, int hand) {
    switch (random() % 9) {
      case 0:
        this_fiber::yield();
        return 0;
      case 1:
        this_fiber::sleep_for(microseconds(random() % 50));
        return 0;
      case 2:
        spin(random() % 20'000);
        return 0;
      case 3:
        return channel_.try_receive() ? 1 : 0;
      case 4:
        return hand > 0 && channel_.try_send(1) ? -1 : 0;
      case 5:
        return hand > 0 ? put() : 0;
      case 6:
        return take(microseconds(random() % 100));
      case 7:
        return through_a_fiber(hand);
      default:
        this_fiber::checkpoint();
        return 0;
    }
  }

  int put() {
    const std::lock_guard lock(mutex_);
    ++purse_;
    changed_.notify_one();
    return -1;
  }

  int take(microseconds patience) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, patience, [this] { return purse_ > 0; })) return 0;
    --purse_;
    return 1;
  }

  int through_a_fiber(int hand) {
    if (hand == 0) return 0;
    Fiber([this] {
      const std::lock_guard lock(mutex_);
      ++purse_;
      changed_.notify_one();
    }).join();
    return -1;
  }

  Mutex mutex_;
  ConditionVariable changed_;
  int purse_ = kTotal;
  Channel<int> channel_;
};

class Everything : public testing::TestWithParam<std::tuple<std::uint32_t, Resume>> {};

TEST_P(Everything, KeepsItsTokens) {
  passes_in_child(
      [] {
        const auto [processors, resume] = GetParam();
        const std::uint64_t first = seed();
        run(config(kPreemptive, processors, resume), [first] {
          for (std::uint64_t round = 0; round < 8; ++round) {
            Tokens tokens(round);
            std::vector<Fiber> fibers;
            for (std::uint64_t i = 0; i < 16; ++i) {
              fibers.emplace_back([&tokens, seed = first + 100 * round + i] { tokens.play(seed, scaled(1'000)); });
            }
            fibers.clear();
            ASSERT_EQ(tokens.count(), Tokens::kTotal) << "round " << round;
          }
        });
      },
      std::chrono::seconds(240));
}

INSTANTIATE_TEST_SUITE_P(On, Everything,
                         testing::Combine(testing::Values(1, 2, 4), testing::Values(Resume::kSameThread, Resume::kAnyThread)),
                         [](const auto& info) {
                           const bool same = std::get<1>(info.param) == Resume::kSameThread;
                           return std::to_string(std::get<0>(info.param)) + (same ? "_same_thread" : "_any_thread");
                         });

}  // namespace
}  // namespace heddle::test
