// ConditionVariable: no wake-up lost, none invented, and a time-out is a time-out.
#include "runtime/child.hpp"
#include "runtime/scenario.hpp"
#include "runtime/threads.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <atomic>
#include <deque>
#include <mutex>
#include <vector>

namespace heddle::test {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

class ConditionVariableOn : public testing::TestWithParam<std::uint32_t> {};

TEST_P(ConditionVariableOn, HandsOverABoundedQueue) {
  passes_in_child([] {
    Mutex mutex;
    ConditionVariable not_empty;
    ConditionVariable not_full;
    std::deque<int> queue;
    std::uint64_t sum = 0;
    constexpr int kEach = 5'000;
    run(config(kPreemptive, GetParam()), [&] {
      std::vector<Fiber> fibers;
      Threads threads;
      const auto produce = [&] {
        for (int i = 1; i <= kEach; ++i) {
          std::unique_lock lock(mutex);
          not_full.wait(lock, [&] { return queue.size() < 4; });
          queue.push_back(i);
          not_empty.notify_one();
        }
      };
      const auto consume = [&] {
        for (int i = 1; i <= kEach; ++i) {
          std::unique_lock lock(mutex);
          not_empty.wait(lock, [&] { return !queue.empty(); });
          sum += static_cast<std::uint64_t>(queue.front());
          queue.pop_front();
          not_full.notify_one();
        }
      };
      for (int i = 0; i < 3; ++i) fibers.emplace_back(produce);
      for (int i = 0; i < 3; ++i) fibers.emplace_back(consume);
      threads.start(produce);
      threads.start(consume);
      fibers.clear();
      threads.join();
    });
    EXPECT_EQ(sum, 4ULL * kEach * (kEach + 1) / 2);
    EXPECT_TRUE(queue.empty());
  });
}

TEST_P(ConditionVariableOn, NotifyAllWakesEachWaiterOnce) {
  passes_in_child([] {
    run(config(kPreemptive, GetParam()), [] {
      Mutex mutex;
      ConditionVariable changed;
      int waiting = 0;
      int woken = 0;
      std::vector<Fiber> fibers;
      for (int i = 0; i < 50; ++i) {
        fibers.emplace_back([&] {
          std::unique_lock lock(mutex);
          ++waiting;
          changed.wait(lock);
          ++woken;
        });
      }
      for (bool all = false; !all;) {
        this_fiber::yield();
        const std::lock_guard lock(mutex);
        all = waiting == 50;
        EXPECT_EQ(woken, 0);
      }
      {
        const std::lock_guard lock(mutex);
        changed.notify_all();
      }
      fibers.clear();
      EXPECT_EQ(woken, 50);
    });
  });
}

// Each round lets a notification and a time-out meet at nearly the same instant. What wait_for reports and what the
// notifier did must agree: a waiter that missed its notification would never see the turn change.
TEST_P(ConditionVariableOn, TimeoutsRaceWithNotifications) {
  passes_in_child([] {
    run(config(kPreemptive, GetParam()), [] {
      Mutex mutex;
      ConditionVariable changed;
      int turn = 0;
      int timeouts = 0;
      const int rounds = static_cast<int>(scaled(2'000));
      Fiber notifier([&] {
        for (int i = 1; i <= rounds; ++i) {
          this_fiber::sleep_for(microseconds(20 + i % 40));
          std::unique_lock lock(mutex);
          turn = i;
          changed.notify_one();
          // The next round begins when the waiter has seen this one.
          changed.wait(lock, [&] { return turn == -i; });
        }
      });
      for (int i = 1; i <= rounds; ++i) {
        std::unique_lock lock(mutex);
        while (turn != i) {
          if (changed.wait_for(lock, microseconds(30)) == std::cv_status::timeout) ++timeouts;
        }
        turn = -i;
        changed.notify_one();
      }
      notifier.join();
      EXPECT_EQ(turn, -rounds);
      EXPECT_GT(timeouts, 0);
    });
  });
}

TEST_P(ConditionVariableOn, WaitForWithoutNotificationTimesOutInTime) {
  passes_in_child([] {
    run(config(kPreemptive, GetParam()), [] {
      Mutex mutex;
      ConditionVariable changed;
      std::unique_lock lock(mutex);
      const std::int64_t start = nanotime();
      EXPECT_EQ(changed.wait_for(lock, milliseconds(20)), std::cv_status::timeout);
      EXPECT_TRUE(lock.owns_lock());
      EXPECT_FALSE(changed.wait_for(lock, milliseconds(5), [] { return false; }));
      EXPECT_TRUE(changed.wait_until(lock, std::chrono::steady_clock::now(), [] { return true; }));
      EXPECT_GE(nanotime() - start, 25'000'000);
      EXPECT_EQ(changed.wait_for(lock, milliseconds(-1)), std::cv_status::timeout);
    });
  });
}

TEST_P(ConditionVariableOn, LongWaitIsNotATimeout) {
  passes_in_child([] {
    run(config(kPreemptive, GetParam()), [] {
      Mutex mutex;
      ConditionVariable changed;
      bool ready = false;
      Fiber notifier([&] {
        const std::lock_guard lock(mutex);
        ready = true;
        changed.notify_all();
      });
      std::unique_lock lock(mutex);
      EXPECT_TRUE(changed.wait_for(lock, std::chrono::hours(24 * 365 * 1'000), [&] { return ready; }));
    });
  });
}

INSTANTIATE_TEST_SUITE_P(Processors, ConditionVariableOn, testing::Values(1, 2, 4), testing::PrintToStringParamName());

TEST(ConditionVariable, NotifiesNobodyWithoutHarm) {
  ConditionVariable changed;
  changed.notify_one();
  changed.notify_all();
}

}  // namespace
}  // namespace heddle::test
