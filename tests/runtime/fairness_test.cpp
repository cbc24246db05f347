// Fairness on one processor: pairs that hand each other the processor, and timers beside the busy.
#include "runtime/child.hpp"
#include "runtime/scenario.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <algorithm>
#include <atomic>
#include <vector>

namespace heddle::test {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

/// Two fibers that wake each other for ever: each hands the processor straight to the other.
class PingPong {
 public:
  PingPong()
      : ping_([this] {
          while (!stop_ && there_.send(1)) {
            if (!back_.receive()) break;
            rounds_.fetch_add(1, std::memory_order_relaxed);
          }
          there_.close();
        }),
        pong_([this] {
          while (there_.receive()) back_.send(1);
        }) {}

  void stop() { stop_ = true; }
  std::uint64_t rounds() const { return rounds_.load(std::memory_order_relaxed); }

 private:
  std::atomic<bool> stop_{false};
  std::atomic<std::uint64_t> rounds_{0};
  Channel<int> there_;
  Channel<int> back_;
  Fiber ping_;
  Fiber pong_;
};

class Fairness : public testing::TestWithParam<const char*> {};

TEST_P(Fairness, APairThatPassesTheProcessorOnCannotKeepIt) {
  passes_in_child([] {
    run(config(GetParam(), 1), [] {
      PingPong pair;
      std::atomic<int> turns{0};
      Fiber third([&] {
        for (; turns < 10; ++turns) this_fiber::yield();
      });
      third.join();
      EXPECT_GT(pair.rounds(), 0U);
      pair.stop();
    });
  });
}

TEST_P(Fairness, AMicrosecondTimerEndsAPingPong) {
  passes_in_child([] {
    run(config(GetParam(), 1), [] {
      PingPong pair;
      Channel<int> fired(1);
      const Timer timer(microseconds(1), [&] { fired.send(1); });
      EXPECT_EQ(fired.receive(), 1);
      pair.stop();
    });
  });
}

TEST_P(Fairness, ATimerFiresAmongFibersThatYield) {
  passes_in_child([] {
    run(config(GetParam(), 1), [] {
      std::atomic<bool> stop{false};
      std::vector<Fiber> busy;
      for (int i = 0; i < 10; ++i) {
        busy.emplace_back([&] {
          while (!stop) {
            spin(1'000);
            this_fiber::yield();
          }
        });
      }
      const std::int64_t start = nanotime();
      Timer timer(milliseconds(20), [&] { stop = true; });
      busy.clear();
      EXPECT_LT(nanotime() - start, 2'000'000'000);
    });
  });
}

// One fiber that never gives way and a pair that always does share the processor. The factor between what they get
// done is bounded loosely: it compares two kinds of work.
class HogFairness : public Fairness {};

TEST_P(HogFairness, AHogAndAPairBothGetOn) {
  passes_in_child([] {
    run(config(GetParam(), 1), [] {
      std::atomic<bool> stop{false};
      std::atomic<std::uint64_t> turns{0};
      Fiber hog([&] {
        Channel<int> empty;
        while (!stop) {
          for (int i = 0; i < 10; ++i) (void)empty.try_receive();
          turns.fetch_add(1, std::memory_order_relaxed);
          this_fiber::checkpoint();
        }
      });
      PingPong pair;
      while (pair.rounds() < 100'000 || turns < 100'000) this_fiber::sleep_for(milliseconds(1));
      const double ratio = static_cast<double>(turns) / static_cast<double>(pair.rounds());
      EXPECT_LT(std::max(ratio, 1 / ratio), 200) << turns << " turns beside " << pair.rounds() << " rounds";
      stop = true;
      pair.stop();
    });
  });
}

// Who switches of his own accord is fair under `none` too.
INSTANTIATE_TEST_SUITE_P(Under, Fairness, testing::Values("none", "cooperative", kPreemptive),
                         [](const auto& info) { return std::string(info.param); });
INSTANTIATE_TEST_SUITE_P(Under, HogFairness, testing::Values("cooperative", kPreemptive),
                         [](const auto& info) { return std::string(info.param); });

class Hogs : public testing::TestWithParam<Resume> {};

TEST_P(Hogs, ATickerKeepsItsTimeBesideThem) {
  passes_in_child([] {
    Config slow = config(kPreemptive, 1, GetParam());
    slow.preempter.quantum = milliseconds(100);
    run(slow, [] {
      std::atomic<bool> stop{false};
      std::vector<Fiber> hogs;
      for (int i = 0; i < 3; ++i) {
        hogs.emplace_back([&] {
          while (!stop) spin(100);
        });
      }
      std::vector<std::int64_t> late;
      for (int i = 0; i < 100; ++i) {
        const std::int64_t start = nanotime();
        this_fiber::sleep_for(milliseconds(1));
        late.push_back(nanotime() - start - 1'000'000);
      }
      stop = true;
      std::sort(late.begin(), late.end());
      // Three quanta of a hundred milliseconds each are what waiting for one's turn would cost. They are ten times as long as
      // usual, and the limit with them, because on some systems an interruption takes milliseconds.
      EXPECT_LT(late[50], 100'000'000) << "a waking fiber waits for the quanta of the others";
    });
  });
}

TEST_P(Hogs, ShareTheProcessor) {
  passes_in_child([] {
    run(config(kPreemptive, 1, GetParam()), [] {
      constexpr std::size_t kHogs = 5;
      std::atomic<bool> stop{false};
      std::vector<std::atomic<std::uint64_t>> turns(kHogs);
      std::vector<Fiber> hogs;
      for (std::size_t i = 0; i < kHogs; ++i) {
        hogs.emplace_back([&, i] {
          while (!stop) {
            spin(1'000);
            turns[i].fetch_add(1, std::memory_order_relaxed);
          }
        });
      }
      const auto least = [&] {
        std::uint64_t least = ~std::uint64_t{0};
        for (const auto& count : turns) least = std::min(least, count.load());
        return least;
      };
      while (least() < 100'000) this_fiber::sleep_for(milliseconds(5));
      stop = true;
      std::uint64_t most = 0;
      for (const auto& count : turns) most = std::max(most, count.load());
      EXPECT_LT(most, 10 * least());
    });
  });
}

INSTANTIATE_TEST_SUITE_P(With, Hogs, testing::Values(Resume::kSameThread, Resume::kAnyThread), [](const auto& info) {
  return std::string(info.param == Resume::kSameThread ? "same_thread" : "any_thread");
});

}  // namespace
}  // namespace heddle::test
