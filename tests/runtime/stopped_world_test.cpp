// StoppedWorld: nothing runs while it lives, everything goes on afterwards, whoever makes it and whatever the fibers do.
#include "runtime/child.hpp"
#include "runtime/scenario.hpp"
#include "runtime/threads.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace heddle::test {
namespace {

using namespace std::chrono_literals;
// Those that a fiber counts up to the end are not the main fiber's own, which returns before that one is stopped.
using Count = std::atomic<std::uint64_t>;

/// Counts for ever, and calls nothing.
void count_up(Count& count) {
  for (;;) count.fetch_add(1, std::memory_order_relaxed);
}

/// True if the counter goes on within a time that a frozen machine would not see.
bool goes_on(const Count& count) {
  const std::uint64_t before = count;
  for (int i = 0; i < 10'000 && count == before; ++i) std::this_thread::sleep_for(1ms);
  return count != before;
}

/// The value does not change over some million turns of a loop, in which a running fiber would get far.
bool stands_still(const Count& count) {
  const std::uint64_t before = count;
  spin(3'000'000);
  return count == before;
}

class StopTheWorld : public testing::TestWithParam<std::tuple<Resume, std::uint32_t>> {
 protected:
  static Config preemptive() { return config(kPreemptive, std::get<1>(GetParam()), std::get<0>(GetParam())); }
};

TEST_P(StopTheWorld, ByAFiberStopsFibersThatNeverGiveWay) {
  passes_in_child(
      [] {
        std::array<Count, 3> counts{};
        run(preemptive(), [&] {
          for (Count& count : counts) Fiber([&] { count_up(count); }).detach();
          for (int round = 0; round < 20; ++round) {
            for (const Count& count : counts)
              while (count < 1000U * (round + 1)) this_fiber::yield();
            const StoppedWorld world;
            for (const Count& count : counts) EXPECT_TRUE(stands_still(count));
          }
        });
      },
      60s);
}

// The slices of a fiber that has the world stopped nearly all the time end like any other's.
TEST_P(StopTheWorld, AgainAndAgainLetsOthersRun) {
  passes_in_child(
      [] {
        run(preemptive(), [] {
          std::atomic<bool> over{false};
          Fiber stopper([&] {
            while (!over) const StoppedWorld world;
          });
          const std::int64_t begin = nanotime();
          for (int round = 0; round < 20; ++round) Fiber([] { spin(1000); }).join();
          EXPECT_LT(nanotime() - begin, 10'000'000'000);  // a slice each, and not the second after which the monitor looks anyway
          over = true;
        });
      },
      60s);
}

TEST_P(StopTheWorld, ByAThreadStopsAllAndLetsThemGoOn) {
  passes_in_child(
      [] {
        std::array<Count, 3> counts{};
        Count slept{0};
        run(preemptive(), [&] {
          for (Count& count : counts) Fiber([&] { count_up(count); }).detach();
          Fiber([&] {
            for (;; ++slept) this_fiber::sleep_for(100us);
          }).detach();
          std::atomic<bool> done{false};
          std::thread stopper([&] {
            for (int round = 0; round < 10; ++round) {
              {
                const StoppedWorld world;
                for (const Count& count : counts) EXPECT_TRUE(stands_still(count));
                EXPECT_TRUE(stands_still(slept));
              }
              for (const Count& count : counts) EXPECT_TRUE(goes_on(count));
              EXPECT_TRUE(goes_on(slept));
            }
            done = true;
          });
          while (!done) this_fiber::yield();
          stopper.join();
        });
      },
      60s);
}

TEST_P(StopTheWorld, AThousandTimesBesideChainsOfFibers) {
  passes_in_child(
      [] {
        run(preemptive(), [] {
          std::atomic<bool> stop{false};
          Count links{0};
          WaitGroup chains(4);
          std::function<void()> link = [&] {
            ++links;
            if (stop) return chains.done();
            Fiber(link).detach();
          };
          for (int i = 0; i < 4; ++i) Fiber(link).detach();
          for (std::size_t round = 0; round < scaled(1000); ++round) {
            {
              const StoppedWorld world;
              const std::uint64_t before = links;
              EXPECT_EQ(links, before);
            }
            if (round % 50 == 0) {
              const std::uint64_t before = links;
              while (links == before) this_fiber::yield();
            }
          }
          stop = true;
          chains.wait();
        });
      },
      60s);
}

TEST_P(StopTheWorld, ManyAtOnceQueueUp) {
  passes_in_child(
      [] {
        run(preemptive(), [] {
          std::atomic<int> inside{0};
          Count stops{0};
          const auto stop_often = [&] {
            for (int round = 0; round < 50; ++round) {
              const StoppedWorld world;
              const StoppedWorld again;  // nests
              EXPECT_EQ(++inside, 1);
              spin(1000);
              --inside;
              ++stops;
            }
          };
          std::thread thread(stop_often);
          std::thread other_thread(stop_often);
          std::vector<Fiber> fibers;
          for (int i = 0; i < 4; ++i) fibers.emplace_back(stop_often);
          fibers.clear();
          while (stops < 300) this_fiber::yield();
          thread.join();
          other_thread.join();
        });
      },
      60s);
}

TEST_P(StopTheWorld, LetsTheSynchronisationOfStoppedFibersBeUsed) {
  passes_in_child(
      [] {
        run(preemptive(), [] {
          Channel<int> values(1);
          Mutex mutex;
          WaitGroup begun(8);
          std::vector<Fiber> fibers;
          std::atomic<bool> stop{false};
          for (int i = 0; i < 8; ++i) {
            fibers.emplace_back([&] {
              begun.done();
              while (!stop) {
                mutex.lock();
                mutex.unlock();
                values.try_send(1);
                values.try_receive();
              }
            });
          }
          begun.wait();
          for (int round = 0; round < 100; ++round) {
            const StoppedWorld world;
            values.try_send(2);  // a stopped fiber holds no lock of the channel's own
            values.try_receive();
            if (mutex.try_lock()) mutex.unlock();
          }
          stop = true;
        });
      },
      60s);
}

TEST_P(StopTheWorld, WhatIsMadeReadyMeanwhileRunsAfterwards) {
  passes_in_child([] {
    run(preemptive(), [] {
      Count ran{0};
      std::vector<Fiber> fibers;
      {
        const StoppedWorld world;
        for (int i = 0; i < 10; ++i) fibers.emplace_back([&] { ++ran; });
        this_fiber::yield();  // returns at once
        this_fiber::checkpoint();
        EXPECT_EQ(ran, 0U);
      }
      fibers.clear();
      EXPECT_EQ(ran, 10U);
    });
  });
}

TEST_P(StopTheWorld, BesideFibersThatBlockTheirThreads) {
  passes_in_child(
      [] {
        run(preemptive(), [] {
          std::atomic<bool> stop{false};
          std::vector<Fiber> fibers;
          for (int i = 0; i < 3; ++i) {
            fibers.emplace_back([&] {
              while (!stop) {
                std::this_thread::sleep_for(20ms);
                spin(1'000'000);
              }
            });
          }
          for (int round = 0; round < 50; ++round) {
            { const StoppedWorld world; }
            this_fiber::sleep_for(1ms);
          }
          stop = true;
        });
      },
      60s);
}

// A request to stop wakes the thread: that is no sign that it does not wait.
TEST_P(StopTheWorld, WhileAThreadIsBlocked) {
  passes_in_child([] {
    run(preemptive(), [] {
      Gate gate;
      std::atomic<bool> inside{false};
      Fiber fiber([&] {
        inside = true;
        gate.wait();
      });
      while (!inside) this_fiber::yield();
      for (int round = 0; round < 20; ++round) const StoppedWorld world;
      gate.open();
    });
  });
}

INSTANTIATE_TEST_SUITE_P(Of, StopTheWorld,
                         testing::Combine(testing::Values(Resume::kSameThread, Resume::kAnyThread), testing::Values(1U, 3U)),
                         [](const auto& info) {
                           return std::string(std::get<0>(info.param) == Resume::kSameThread ? "same_thread_" : "any_thread_") +
                                  std::to_string(std::get<1>(info.param));
                         });

TEST(StoppedWorld, WaitsForCheckpointsUnderCooperative) {
  passes_in_child([] {
    Count count{0};
    run(config("cooperative", 2), [&] {
      Fiber([&] {
        for (;; ++count) this_fiber::checkpoint();
      }).detach();
      while (count < 1000) this_fiber::yield();
      const StoppedWorld world;
      EXPECT_TRUE(stands_still(count));
    });
  });
}

TEST(StoppedWorld, WaitsForSwitchesUnderNone) {
  passes_in_child([] {
    Count count{0};
    run(config("none", 2), [&] {
      Fiber([&] {
        for (;; ++count) this_fiber::yield();
      }).detach();
      while (count < 1000) this_fiber::yield();
      const StoppedWorld world;
      EXPECT_TRUE(stands_still(count));
    });
  });
}

TEST(StoppedWorld, DoesNothingWithoutARuntime) {
  const StoppedWorld world;
  const StoppedWorld again;
}

TEST(StoppedWorld, RunEndsBesideThreadsThatStopIt) {
  passes_in_child(
      [] {
        std::atomic<bool> stop{false};
        std::thread stopper([&] {
          while (!stop) const StoppedWorld world;
        });
        for (int round = 0; round < 30; ++round) {
          run(config(kPreemptive, 2), [] {
            Fiber([] {
              for (;;) const StoppedWorld world;
            }).detach();
            for (int i = 0; i < 10; ++i) this_fiber::yield();
          });
        }
        stop = true;
        stopper.join();
      },
      60s);
}

TEST(StoppedWorld, EndsTheProcessWhenItsFiberWaits) {
  const Outcome outcome = in_child([] {
    run(config(kPreemptive, 2), [] {
      const StoppedWorld world;
      this_fiber::sleep_for(1ms);
    });
  });
  EXPECT_EQ(outcome.exit_code, 2) << describe(outcome);
  EXPECT_NE(outcome.err.find("heddle: fatal: a fiber waits while it has the world stopped"), std::string::npos)
      << describe(outcome);
}

// The processor of whoever has the world stopped is nobody else's to have: he could not get it back.
TEST(StoppedWorldOfAFiber, MayCallForeignCodeForLong) {
  passes_in_child([] {
    run(config(kPreemptive, 1), [] {
      std::atomic<bool> stop{false};
      Fiber other([&] {
        while (!stop) this_fiber::yield();
      });
      {
        const StoppedWorld world;
        foreign_call([] { std::this_thread::sleep_for(50ms); });
        blocking([] { std::this_thread::sleep_for(50ms); });
        std::this_thread::sleep_for(50ms);
        this_fiber::yield();
      }
      stop = true;
    });
  });
}

}  // namespace
}  // namespace heddle::test
