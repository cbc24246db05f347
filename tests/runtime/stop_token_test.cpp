// Stop requests: a fiber that takes a std::stop_token gets one, its handle asks it to stop, and waits end by it.
#include "runtime/each_strategy.hpp"
#include "runtime/threads.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <atomic>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>
#include <vector>

namespace heddle::test {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;

class StopTokenUnder : public EachStrategy {};
INSTANTIATE_TEST_SUITE_P(On, StopTokenUnder, each_strategy(), strategy_name);

TEST_P(StopTokenUnder, TheEndOfTheHandleStopsTheFiber) {
  passes([] {
    std::atomic<int> stopped{0};
    std::vector<Fiber> fibers;
    for (int i = 0; i < 10; ++i) {
      fibers.emplace_back(
          [&](std::stop_token token, int argument) {
            EXPECT_EQ(argument, 7);
            while (!token.stop_requested()) this_fiber::yield();
            ++stopped;
          },
          7);
    }
    this_fiber::yield();
    fibers.clear();
    EXPECT_EQ(stopped, 10);
  });
}

// Each round lets a notification, a time-out and a stop request meet at nearly the same instant; each must end the wait.
TEST_P(StopTokenUnder, StopsRaceWithNotificationsAndTimeouts) {
  passes([] {
    int by_stop = 0;
    int by_notification = 0;
    for (std::size_t round = 0; round < scaled(400) || by_stop == 0 || by_notification == 0; ++round) {
      Mutex mutex;
      ConditionVariable changed;
      bool ready = false;
      Fiber waiter([&](std::stop_token token) {
        std::unique_lock lock(mutex);
        const bool held = round % 3 == 0 ? changed.wait_for(lock, token, microseconds(50), [&] { return ready; })
                                         : changed.wait(lock, token, [&] { return ready; });
        EXPECT_TRUE(lock.owns_lock());
        EXPECT_EQ(held, ready);
        EXPECT_TRUE(held || token.stop_requested() || round % 3 == 0);
        ++(held ? by_notification : by_stop);
      });
      Fiber notifier([&] {
        if (round % 2) this_fiber::sleep_for(microseconds(round % 60));
        if (round % 5 == 0) return;
        const std::lock_guard lock(mutex);
        ready = true;
        changed.notify_one();
      });
      if (round % 4) this_fiber::sleep_for(microseconds(round % 70));
      waiter.request_stop();
      waiter.join();
    }
  });
}

TEST_P(StopTokenUnder, AStopWakesOnlyWhoIsMeant) {
  passes([] {
    Mutex mutex;
    ConditionVariable changed;
    int waiting = 0;
    int woken = 0;
    const auto wait = [&](std::stop_token token) {
      std::unique_lock lock(mutex);
      ++waiting;
      EXPECT_FALSE(changed.wait_for(lock, token, hours(1), [] { return false; }));
      ++woken;
    };
    std::stop_source source;
    Threads thread;
    thread.start([&] { wait(source.get_token()); });
    std::vector<Fiber> fibers;
    for (int i = 0; i < 4; ++i) fibers.emplace_back(wait);
    for (bool all = false; !all;) {
      this_fiber::yield();
      const std::lock_guard lock(mutex);
      all = waiting == 5;
    }
    for (int i = 0; i < 4; ++i) {
      EXPECT_TRUE(fibers.back().request_stop());
      EXPECT_FALSE(fibers.back().request_stop());
      fibers.pop_back();
      const std::lock_guard lock(mutex);
      EXPECT_EQ(woken, i + 1);
    }
    source.request_stop();
    thread.join();
    EXPECT_EQ(woken, 5);
  });
}

TEST(StopToken, GoesWithTheHandle) {
  on_one_processor([] {
    Fiber fiber([](std::stop_token token) {
      while (!token.stop_requested()) this_fiber::yield();
    });
    const std::stop_token token = fiber.get_stop_token();
    EXPECT_TRUE(token.stop_possible());
    Fiber moved = std::move(fiber);
    EXPECT_FALSE(fiber.get_stop_token().stop_possible());
    EXPECT_EQ(moved.get_stop_token(), token);
    EXPECT_FALSE(token.stop_requested());
    Fiber other([] {});
    other.swap(moved);
    EXPECT_EQ(other.get_stop_token(), token);
    other = Fiber();  // as a jthread's: stops and joins
    EXPECT_TRUE(token.stop_requested());
  });
}

TEST(StopToken, ComesFromOptionsToo) {
  on_one_processor([] {
    std::optional<std::stop_token> given;
    Fiber fiber({.name = "stoppable"}, [&](std::stop_token token) { given = token; });
    EXPECT_TRUE(fiber.get_stop_source().request_stop());
    fiber.join();
    ASSERT_TRUE(given);
    EXPECT_TRUE(given->stop_requested());
  });
}

TEST(StopToken, IsOnlyThereForThoseWhoTakeIt) {
  on_one_processor([] {
    Fiber fiber([] {});
    EXPECT_FALSE(fiber.get_stop_source().stop_possible());
    EXPECT_FALSE(fiber.get_stop_token().stop_possible());
    EXPECT_FALSE(fiber.request_stop());
    EXPECT_FALSE(Fiber().request_stop());
  });
}

TEST(StopToken, EndsWaitsOnOrdinaryThreadsWithoutARuntime) {
  std::stop_source source;
  Mutex mutex;
  ConditionVariable changed;
  std::unique_lock lock(mutex);
  EXPECT_TRUE(changed.wait(lock, source.get_token(), [] { return true; }));
  EXPECT_FALSE(changed.wait_for(lock, source.get_token(), milliseconds(1), [] { return false; }));
  source.request_stop();
  EXPECT_FALSE(changed.wait(lock, source.get_token(), [] { return false; }));
  EXPECT_FALSE(
      changed.wait_until(lock, source.get_token(), std::chrono::steady_clock::now() + hours(1), [] { return false; }));
}

}  // namespace
}  // namespace heddle::test
