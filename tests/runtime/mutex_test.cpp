// Mutex: one at a time, whoever is preempted where, and nobody left waiting.
#include "runtime/child.hpp"
#include "runtime/scenario.hpp"
#include "runtime/threads.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <atomic>
#include <mutex>
#include <string>
#include <vector>

namespace heddle::test {
namespace {

class MutexUnder : public testing::TestWithParam<std::tuple<std::uint32_t, Resume>> {
 protected:
  static Config configuration() {
    const auto [processors, resume] = GetParam();
    return config(kPreemptive, processors, resume);
  }
};

TEST_P(MutexUnder, ExcludesWhilePreempted) {
  passes_in_child([] {
    Mutex mutex;
    std::uint64_t plain = 0;
    int inside = 0;
    std::uint64_t rounds = 0;
    Config eager = configuration();
    eager.preempter.quantum = std::chrono::milliseconds(1);
    run(eager, [&] {
      std::atomic<bool> done{false};
      std::vector<Fiber> others;  // so that somebody always wants the holder's processor
      for (std::uint32_t i = 0; i < eager.scheduler.processors; ++i) {
        others.emplace_back([&] {
          while (!done) spin(1'000);
        });
      }
      std::vector<Fiber> fibers;
      for (int i = 0; i < 8; ++i) {
        fibers.emplace_back([&] {
          for (int round = 0; round < 20; ++round) {
            const std::lock_guard lock(mutex);
            EXPECT_EQ(inside++, 0);
            for (int k = 0; k < 100; ++k) {
              ++plain;
              spin(30'000);  // three milliseconds in all, so that many a quantum ends in here
            }
            EXPECT_EQ(--inside, 0);
            ++rounds;
          }
        });
      }
      for (Fiber& fiber : fibers) fiber.join();
      done = true;
      EXPECT_GT(stats().preemptions, 0U);
    });
    EXPECT_EQ(plain, 8U * 20 * 100);
    EXPECT_EQ(rounds, 8U * 20);
  });
}

TEST_P(MutexUnder, ExcludesWhileItsHolderYieldsAndSleeps) {
  passes_in_child([] {
    Mutex mutex;
    int inside = 0;
    int rounds = 0;
    run(configuration(), [&] {
      std::vector<Fiber> fibers;
      for (int i = 0; i < 8; ++i) {
        fibers.emplace_back([&, i] {
          for (int round = 0; round < 50; ++round) {
            const std::lock_guard lock(mutex);
            EXPECT_EQ(inside++, 0);
            if (i % 2)
              this_fiber::yield();
            else
              this_fiber::sleep_for(std::chrono::microseconds(10));
            EXPECT_EQ(--inside, 0);
            ++rounds;
          }
        });
      }
    });
    EXPECT_EQ(rounds, 8 * 50);
  });
}

TEST_P(MutexUnder, ExcludesThreadsAndFibers) {
  passes_in_child([] {
    Mutex mutex;
    std::uint64_t count = 0;
    const auto work = [&] {
      for (int round = 0; round < 20'000; ++round) {
        const std::lock_guard lock(mutex);
        ++count;
      }
    };
    run(configuration(), [&] {
      Threads threads;
      std::vector<Fiber> fibers;
      for (int i = 0; i < 3; ++i) threads.start(work);
      for (int i = 0; i < 5; ++i) fibers.emplace_back(work);
      fibers.clear();
      threads.join();
    });
    EXPECT_EQ(count, 8U * 20'000);
  });
}

INSTANTIATE_TEST_SUITE_P(On, MutexUnder,
                         testing::Combine(testing::Values(1, 4), testing::Values(Resume::kSameThread, Resume::kAnyThread)),
                         [](const auto& info) {
                           const bool same = std::get<1>(info.param) == Resume::kSameThread;
                           return std::to_string(std::get<0>(info.param)) + (same ? "_same_thread" : "_any_thread");
                         });

TEST(Mutex, TriesWithoutWaiting) {
  passes_in_child([] {
    run(config("none", 1), [] {
      Mutex mutex;
      EXPECT_TRUE(mutex.try_lock());
      Fiber([&] { EXPECT_FALSE(mutex.try_lock()); }).join();
      mutex.unlock();
      EXPECT_TRUE(mutex.try_lock());
      mutex.unlock();
    });
  });
}

TEST(Mutex, TriesForATime) {
  passes_in_child([] {
    run(config("none", 1), [] {
      Mutex mutex;
      EXPECT_TRUE(mutex.try_lock_for(std::chrono::milliseconds(0)));
      Fiber([&] {
        const std::int64_t start = nanotime();
        EXPECT_FALSE(mutex.try_lock_for(std::chrono::milliseconds(5)));
        EXPECT_GE(nanotime() - start, 5'000'000);
        EXPECT_FALSE(mutex.try_lock_for(std::chrono::milliseconds(0)));
        EXPECT_FALSE(mutex.try_lock_until(std::chrono::steady_clock::now()));
      }).join();
      Fiber waiter([&] { EXPECT_TRUE(std::unique_lock(mutex, std::chrono::hours(1)).owns_lock()); });
      this_fiber::yield();
      mutex.unlock();
      waiter.join();
      EXPECT_TRUE(mutex.try_lock());
    });
  });
}

// A waiter that was woken, found the mutex taken again and gave up must not leave the others asleep.
TEST_P(MutexUnder, TimeoutsLeaveNobodyBehind) {
  passes_in_child([] {
    run(configuration(), [] {
      Mutex mutex;
      std::atomic<int> timeouts{0};
      std::uint64_t count = 0;
      const auto work = [&](int self) {
        for (int round = 0; round < 300; ++round) {
          if (self % 2) {
            mutex.lock();
          } else if (!mutex.try_lock_for(std::chrono::microseconds(round % 20))) {
            ++timeouts;
            continue;
          }
          ++count;
          if (round % 4 == 0) this_fiber::yield();
          mutex.unlock();
        }
      };
      std::vector<Fiber> fibers;
      for (int i = 0; i < 8; ++i) fibers.emplace_back(work, i);
      fibers.clear();
      EXPECT_EQ(count + static_cast<std::uint64_t>(timeouts), 8U * 300);
      EXPECT_TRUE(mutex.try_lock());
    });
  });
}

TEST(Mutex, GoesToAWaiterInSpiteOfAGreedyHolder) {
  passes_in_child([] {
    run(config(kPreemptive, 2), [] {
      Mutex mutex;
      std::atomic<bool> stop{false};
      Fiber greedy([&] {
        while (!stop) {
          const std::lock_guard lock(mutex);
          spin(1'000);
        }
      });
      for (int round = 0; round < 10; ++round) {
        const std::lock_guard lock(mutex);
        spin(100);
      }
      stop = true;
    });
  });
}

TEST(Mutex, MayBeUnlockedByAnotherFiber) {
  passes_in_child([] {
    run(config("none", 2), [] {
      Mutex mutex;
      mutex.lock();
      Fiber other([&] { mutex.unlock(); });
      mutex.lock();
      mutex.unlock();
    });
  });
}

TEST(Mutex, UnlockingAFreeOneEndsTheProcess) {
  const Outcome outcome = in_child([] {
    run(config("none", 1), [] {
      Mutex mutex;
      mutex.unlock();
    });
  });
  EXPECT_EQ(outcome.exit_code, 2) << describe(outcome);
  EXPECT_NE(outcome.err.find("heddle: fatal: "), std::string::npos) << describe(outcome);
}

}  // namespace
}  // namespace heddle::test
