// A fiber that blocks its thread, in code that knows nothing of fibers, does not keep its processor from the others.
#include "runtime/child.hpp"
#include "runtime/scenario.hpp"
#include "runtime/threads.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <atomic>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

namespace heddle::test {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

class Rescue : public testing::TestWithParam<std::string> {};

TEST_P(Rescue, OneProcessorServesManyBlockedFibers) {
  passes_in_child([] {
    run(config(GetParam(), 1), [] {
      constexpr int kFibers = 50;
      Gate gate;
      std::atomic<int> inside{0};
      std::vector<Fiber> fibers;
      for (int i = 0; i < kFibers; ++i) {
        fibers.emplace_back([&] {
          if (++inside == kFibers) gate.open();  // only if all the others have let the processor go
          gate.wait();
        });
      }
      fibers.clear();
      EXPECT_EQ(inside, kFibers);
      EXPECT_GE(stats().rescues, static_cast<std::uint64_t>(kFibers - 1));
      EXPECT_EQ(stats().processors, 1U);
    });
  });
}

TEST_P(Rescue, OfAContendedStdMutex) {
  passes_in_child([] {
    run(config(GetParam(), 1), [] {
      for (int round = 0; round < 10; ++round) {
        std::mutex mutex;
        Channel<int> go_on;
        std::atomic<bool> held{false};
        std::unique_lock lock(mutex);
        Fiber waiter([&] {
          held = true;
          const std::lock_guard wanted(mutex);
        });
        // The main fiber goes on although the other's thread waits for the mutex that it holds.
        while (!held) this_fiber::yield();
        for (int i = 0; i < 10; ++i) this_fiber::yield();
        lock.unlock();
        waiter.join();
      }
    });
  });
}

TEST_P(Rescue, OfAnUnannouncedSleep) {
  passes_in_child([] {
    run(config(GetParam(), 1), [] {
      constexpr int kFibers = 20;
      std::atomic<int> asleep{0}, most{0};
      std::vector<Fiber> fibers;
      for (int i = 0; i < kFibers; ++i) {
        fibers.emplace_back([&] {
          const int now = ++asleep;
          for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) continue;
          std::this_thread::sleep_for(milliseconds(300));
          --asleep;
        });
      }
      fibers.clear();
      EXPECT_GE(most, 2) << "they slept one after the other";
    });
  });
}

TEST_P(Rescue, AnIdleProcessorIsTakenUpAgain) {
  passes_in_child([] {
    run(config(GetParam(), 2), [] {
      for (int round = 0; round < 20; ++round) {
        Gate gate;
        Channel<int> done(1);
        Fiber blocked([&] {
          gate.wait();
          done.send(1);
        });
        Fiber other([] { this_fiber::sleep_for(microseconds(100)); });
        other.join();
        Fiber opener([&] { gate.open(); });
        EXPECT_EQ(done.receive(), 1);
      }
    });
  });
}

TEST_P(Rescue, TheFiberStaysOnItsThread) {
  passes_in_child([] {
    run(config(GetParam(), 1), [] {
      constexpr int kFibers = 8;
      Gate gate;
      std::atomic<int> inside{0}, moved{0};
      std::vector<Fiber> fibers;
      for (int i = 0; i < kFibers; ++i) {
        fibers.emplace_back([&] {
          const std::uintptr_t thread = this_thread();
          write_errno(1000 + inside);
          const int error = read_errno();
          if (++inside == kFibers) gate.open();
          gate.wait();
          if (this_thread() != thread || read_errno() != error) ++moved;
        });
      }
      fibers.clear();
      EXPECT_EQ(moved, 0);
    });
  });
}

TEST_P(Rescue, AlsoForATimer) {
  passes_in_child([] {
    run(config(GetParam(), 1), [] {
      Gate gate;
      Fiber sleeper([&] {
        this_fiber::sleep_for(milliseconds(5));
        gate.open();
      });
      this_fiber::yield();  // it sleeps now, and nobody else is there
      gate.wait();
    });
  });
}

INSTANTIATE_TEST_SUITE_P(Under, Rescue, testing::ValuesIn(strategies_but_none()),
                         [](const auto& info) { return info.param; });

class RescuePreempted : public testing::TestWithParam<std::string> {};

// The holder is stopped in the middle of its work; whoever wants the mutex blocks his thread, one after the other.
TEST_P(RescuePreempted, AStdMutexHeldByAPreemptedFiber) {
  passes_in_child(
      [] {
        Config eager = config(GetParam(), 1);
        eager.preempter.quantum = milliseconds(1);
        run(eager, [] {
          std::mutex mutex;
          std::uint64_t plain = 0;
          std::vector<Fiber> fibers;
          for (int i = 0; i < 6; ++i) {
            fibers.emplace_back([&] {
              for (int round = 0; round < 5; ++round) {
                const std::lock_guard lock(mutex);
                for (int k = 0; k < 10; ++k) {
                  ++plain;
                  spin(300'000);
                }
              }
            });
          }
          fibers.clear();
          EXPECT_EQ(plain, 6U * 5 * 10);
          EXPECT_GT(stats().preemptions, 0U);
        });
      },
      std::chrono::seconds(30));
}

// Without a processor it goes on on its own thread for a while, but not for ever.
TEST_P(RescuePreempted, WhoComesBackQueuesUp) {
  passes_in_child([] {
    run(config(GetParam(), 1), [] {
      Gate gate;
      std::atomic<bool> stop{false}, back{false};
      Fiber blocked([&] {
        gate.wait();
        back = true;
        while (!stop) spin(1'000);
      });
      // On a slow machine the one above may be preempted before it blocks.
      while (stats().rescues == 0) this_fiber::sleep_for(milliseconds(1));
      gate.open();
      while (!back) spin(1'000);
      const std::uint64_t before = stats().preemptions;
      while (stats().preemptions < before + 4) spin(1'000);  // they take turns
      stop = true;
    });
  });
}

TEST_P(RescuePreempted, EverythingAtOnce) {
  passes_in_child(
      [] {
        const std::uint64_t first = seed();
        Config eager = config(GetParam(), 3);
        eager.preempter.quantum = milliseconds(1);
        run(eager, [first] {
          std::mutex shared;
          Mutex of_fibers;
          Channel<int> channel(4);
          std::uint64_t plain = 0, guarded = 0;
          std::atomic<std::uint64_t> received{0};
          Fiber sink([&] {
            while (channel.receive()) ++received;
          });
          constexpr std::uint64_t kFibers = 24;
          const std::size_t turns = scaled(200);
          std::vector<Fiber> fibers;
          for (std::uint64_t i = 0; i < kFibers; ++i) {
            fibers.emplace_back([&, seed = first + i] {
              std::mt19937_64 random(seed);
              for (std::size_t turn = 0; turn < turns; ++turn) {
                {
                  const std::lock_guard lock(shared);
                  ++plain;
                  if (random() % 8 == 0) std::this_thread::sleep_for(microseconds(random() % 300));
                }
                {
                  const std::lock_guard lock(of_fibers);
                  ++guarded;
                  if (random() % 16 == 0) spin(random() % 50'000);
                  if (random() % 16 == 0) std::this_thread::sleep_for(microseconds(200));
                }
                if (random() % 4 == 0) this_fiber::yield();
                if (random() % 8 == 0) this_fiber::sleep_for(microseconds(random() % 100));
                channel.send(1);
              }
            });
          }
          fibers.clear();
          channel.close();
          sink.join();
          EXPECT_EQ(plain, kFibers * turns);
          EXPECT_EQ(guarded, kFibers * turns);
          EXPECT_EQ(received, kFibers * turns);
        });
      },
      std::chrono::seconds(50));
}

INSTANTIATE_TEST_SUITE_P(Under, RescuePreempted, testing::ValuesIn(preemptive_strategies()),
                         [](const auto& info) { return info.param; });

// Under `none` a fiber has its processor for as long as it likes, also while it blocks.
TEST(RescueUnderNone, TakesNothing) {
  passes_in_child([] {
    run(config("none", 1), [] {
      std::atomic<bool> ran{false};
      Fiber other([&] { ran = true; });
      std::this_thread::sleep_for(milliseconds(50));
      EXPECT_FALSE(ran);
      other.join();
      EXPECT_EQ(stats().rescues, 0U);
    });
  });
}

}  // namespace
}  // namespace heddle::test
