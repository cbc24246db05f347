// Semaphore: never more inside than there are permits, no permit lost, whoever times out when.
#include "runtime/each_strategy.hpp"
#include "runtime/threads.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <algorithm>
#include <atomic>
#include <cstring>
#include <memory>
#include <new>
#include <random>
#include <stdexcept>
#include <thread>
#include <vector>

namespace heddle::test {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

class SemaphoreUnder : public EachStrategy {};
INSTANTIATE_TEST_SUITE_P(On, SemaphoreUnder, each_strategy(), strategy_name);

int take_all(Semaphore& semaphore) {
  int permits = 0;
  while (semaphore.try_acquire()) ++permits;
  return permits;
}

TEST_P(SemaphoreUnder, LetsInAsManyAsThereArePermits) {
  passes([] {
    Semaphore semaphore(3);
    Barrier all_inside(3);
    std::vector<Fiber> fibers;
    for (int i = 0; i < 3; ++i) {
      fibers.emplace_back([&] {
        semaphore.acquire();
        all_inside.arrive_and_wait();
        semaphore.release();
      });
    }
    fibers.clear();
    EXPECT_EQ(take_all(semaphore), 3);
  });
}

TEST_P(SemaphoreUnder, LimitsHowManyAreInside) {
  passes([] {
    Semaphore semaphore(3);
    std::atomic<int> inside{0};
    const auto visit = [&](bool fiber) {
      for (int round = 0; round < 500; ++round) {
        semaphore.acquire();
        EXPECT_LE(++inside, 3);
        if (fiber) this_fiber::yield();
        --inside;
        semaphore.release();
      }
    };
    Threads threads;
    std::vector<Fiber> fibers;
    for (int i = 0; i < 8; ++i) fibers.emplace_back(visit, true);
    for (int i = 0; i < 2; ++i) threads.start([&] { visit(false); });
    fibers.clear();
    threads.join();
    EXPECT_EQ(take_all(semaphore), 3);
  });
}

TEST_P(SemaphoreUnder, TimeoutsRaceWithReleases) {
  passes([] {
    Semaphore semaphore(0);
    std::atomic<std::size_t> taken{0};
    std::atomic<std::size_t> timeouts{0};
    std::atomic<bool> done{false};
    const auto take = [&](unsigned seed) {
      std::mt19937 random(seed);
      while (!done) {
        if (semaphore.try_acquire_for(microseconds(random() % 100))) {
          ++taken;
        } else {
          ++timeouts;
        }
        if (this_fiber::get_id() != FiberId()) this_fiber::yield();
      }
    };
    Threads threads;
    std::vector<Fiber> fibers;
    for (unsigned i = 0; i < 4; ++i) fibers.emplace_back(take, i);
    threads.start([&] { take(100); });
    std::size_t rounds = 0;
    for (; rounds < scaled(1'000) || timeouts == 0; ++rounds) {
      semaphore.release(2);
      this_fiber::sleep_for(microseconds(rounds % 80));
    }
    done = true;
    fibers.clear();
    threads.join();
    EXPECT_EQ(taken + static_cast<std::size_t>(take_all(semaphore)), 2 * rounds);
  });
}

// The last one through may destroy it although the release that let him through has not returned: then nothing may touch
// the memory any more.
TEST_P(SemaphoreUnder, MayBeDestroyedByTheLastOneThrough) {
  passes([] {
    alignas(Semaphore) unsigned char memory[sizeof(Semaphore)];
    for (std::size_t round = 0; round < scaled(2'000); ++round) {
      auto* semaphore = ::new (memory) Semaphore(0);
      Threads thread;
      if (round % 8 == 0) thread.start([&] { semaphore->release(); });
      Fiber fiber([&] {
        if (round % 8 != 0) semaphore->release();
      });
      semaphore->acquire();
      std::destroy_at(semaphore);
      std::memset(memory, 0xff, sizeof memory);
      fiber.join();
      thread.join();
      ASSERT_TRUE(std::all_of(std::begin(memory), std::end(memory), [](unsigned char byte) { return byte == 0xff; }));
    }
  });
}

TEST(Semaphore, CountsWithoutARuntime) {
  Semaphore semaphore(2);
  EXPECT_TRUE(semaphore.try_acquire());
  semaphore.acquire();
  EXPECT_FALSE(semaphore.try_acquire());
  EXPECT_FALSE(semaphore.try_acquire_for(milliseconds(0)));
  EXPECT_FALSE(semaphore.try_acquire_until(std::chrono::steady_clock::now() + milliseconds(2)));
  semaphore.release(3);
  EXPECT_TRUE(semaphore.try_acquire_for(std::chrono::hours(24 * 365 * 1'000)));
  EXPECT_EQ(take_all(semaphore), 2);
  std::thread other([&] { semaphore.release(); });
  semaphore.acquire();
  other.join();
}

TEST(Semaphore, ServesInOrderOfArrival) {
  on_one_processor([] {
    Semaphore semaphore(0);
    std::vector<int> order;
    std::vector<Fiber> fibers;
    for (int i = 0; i < 5; ++i) {
      fibers.emplace_back([&, i] {
        semaphore.acquire();
        order.push_back(i);
      });
      this_fiber::yield();
    }
    // Those that are served together run in that order unless the slice of the first one is over.
    for (const std::size_t served : {1U, 3U, 5U}) {
      semaphore.release(static_cast<std::ptrdiff_t>(served - order.size()));
      while (order.size() < served) this_fiber::yield();
      std::sort(order.begin(), order.end());
      EXPECT_EQ(order.back(), static_cast<int>(served) - 1);
    }
    fibers.clear();
    EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4}));
  });
}

TEST(Semaphore, TimesOutInTime) {
  on_one_processor([] {
    Semaphore semaphore(0);
    const std::int64_t start = nanotime();
    EXPECT_FALSE(semaphore.try_acquire_for(milliseconds(10)));
    EXPECT_GE(nanotime() - start, 10'000'000);
    semaphore.release(2);
    EXPECT_EQ(take_all(semaphore), 2);
  });
}

TEST(Semaphore, RefusesImpossibleNumbers) {
  EXPECT_THROW(Semaphore(-1), std::invalid_argument);
  EXPECT_NO_THROW((void)Semaphore{Semaphore::max()});
}

TEST(Semaphore, MoreThanTheMaximumEndsTheProcess) {
  ends_with_a_message([] { Semaphore(Semaphore::max()).release(); }, "heddle::Semaphore::release: ");
}

}  // namespace
}  // namespace heddle::test
