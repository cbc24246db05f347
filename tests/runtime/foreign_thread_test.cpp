// Threads that the runtime does not know, and that call back into it.
#include "runtime/child.hpp"
#include "runtime/each_strategy.hpp"
#include "runtime/scenario.hpp"
#include "runtime/threads.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <atomic>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <vector>

namespace heddle::test {
namespace {

using std::chrono::milliseconds;

class ForeignThread : public WithStrategy {};

/// Starts `count` threads that run body(index), and waits for them without keeping the processor.
template <class Body>
void on_threads(int count, Body body) {
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) threads.emplace_back([body, i] { body(i); });
  blocking([&] {
    for (std::thread& thread : threads) thread.join();
  });
}

// R01.
TEST_P(ForeignThread, ManyAtOnce) {
  passes_in_child(
      [] {
        run(configured(), [] {
          constexpr int kThreads = 20;
          const std::size_t rounds = scaled(500);
          std::uint64_t sum = 0;
          Mutex mutex;
          on_threads(kThreads, [&](int) {
            for (std::size_t round = 0; round < rounds; ++round) {
              callback([&] {
                const std::lock_guard lock(mutex);
                sum += round;
              });
            }
          });
          EXPECT_EQ(sum, kThreads * rounds * (rounds - 1) / 2);
        });
      },
      std::chrono::seconds(60));
}

TEST_P(ForeignThread, IsAFiberWhileItIsInside) {
  passes_in_child([] {
    run(configured(), [] {
      const std::uint64_t before = stats().fibers;
      on_threads(1, [&](int) {
        EXPECT_EQ(this_fiber::get_id(), FiberId());
        FiberId first;
        callback([&] {
          first = this_fiber::get_id();
          EXPECT_NE(first, FiberId());
          EXPECT_EQ(this_fiber::name(), "callback");
          EXPECT_EQ(stats().fibers, before + 1);
          this_fiber::yield();
          this_fiber::sleep_for(std::chrono::microseconds(50));
          Fiber([] {}).join();
        });
        EXPECT_EQ(this_fiber::get_id(), FiberId());
        EXPECT_EQ(stats().fibers, before);
        callback([&] { EXPECT_NE(this_fiber::get_id(), first); });
      });
      EXPECT_EQ(stats().fibers, before);
    });
  });
}

// I2.1 for threads of others.
TEST_P(ForeignThread, StaysOnItsThread) {
  passes_in_child([] {
    run(configured(), [] {
      on_threads(4, [&](int) {
        const std::uintptr_t thread = this_thread();
        for (std::size_t round = 0; round < scaled(200); ++round) {
          callback([&] {
            this_fiber::yield();
            EXPECT_EQ(this_thread(), thread);
            foreign_call([&] {
              EXPECT_EQ(this_thread(), thread);
              callback([&] {
                this_fiber::yield();
                EXPECT_EQ(this_thread(), thread);
              });
            });
            EXPECT_EQ(this_thread(), thread);
          });
        }
      });
    });
  });
}

TEST_P(ForeignThread, ExceptionsComeOutOfTheCallback) {
  passes_in_child([] {
    run(configured(), [] {
      on_threads(2, [](int) {
        for (std::size_t round = 0; round < scaled(200); ++round) {
          EXPECT_THROW(callback([&] {
                         if (round % 2) this_fiber::yield();
                         throw std::runtime_error("x");
                       }),
                       std::runtime_error);
          EXPECT_EQ(callback([] { return 1; }), 1);
        }
      });
    });
  });
}

TEST_P(ForeignThread, ValuesOfItsFiberEndWithTheCallback) {
  passes_in_child([] {
    run(configured(), [] {
      static std::atomic<int> alive{0};
      struct Counted {
        Counted() { ++alive; }
        ~Counted() { --alive; }
      };
      static FiberLocal<Counted> local;
      on_threads(1, [](int) {
        for (int round = 0; round < 10; ++round) {
          callback([] {
            (void)*local;
            EXPECT_EQ(alive, 1);
          });
          EXPECT_EQ(alive, 0);
        }
      });
    });
  });
}

// While one thread's callback waits, and another's computes, the fibers go on.
TEST_P(ForeignThread, KeepsNobodyFromRunning) {
  passes_in_child([] {
    run(configured(), [] {
      constexpr int kThreads = 4;
      Channel<int> go;
      std::atomic<int> inside{0};
      std::atomic<bool> stop{false};
      std::vector<std::thread> threads;
      for (int i = 0; i < kThreads; ++i)
        threads.emplace_back([&] {
          callback([&] {
            ++inside;
            go.receive();
            while (!stop) spin(1000);
          });
        });
      while (inside != kThreads) this_fiber::sleep_for(std::chrono::microseconds(100));
      for (int i = 0; i < kThreads; ++i) go.send(i);
      for (int i = 0; i < 10; ++i) {
        this_fiber::sleep_for(milliseconds(1));
        Fiber([] {}).join();
      }
      stop = true;
      blocking([&] {
        for (std::thread& thread : threads) thread.join();
      });
    });
  });
}

TEST_P(ForeignThread, ComesAndGoesWithoutALeak) {
  passes_in_child(
      [] {
        run(configured(), [] {
          std::uint64_t workers = 0;
          for (std::size_t round = 0; round < scaled(300); ++round) {
            on_threads(1, [](int) { EXPECT_EQ(callback([] { return 1; }), 1); });
            if (round == 10) workers = stats().workers;
          }
          EXPECT_LE(stats().workers, workers + 2);
          EXPECT_LE(stats().borrowed_workers, 2U);
        });
      },
      std::chrono::seconds(60));
}

TEST_P(ForeignThread, WithoutARunIsRefused) {
  passes_in_child([] {
    EXPECT_THROW(callback([] {}), std::system_error);
    std::thread([] { EXPECT_THROW(callback([] {}), std::system_error); }).join();
    run(configured(), [] {});
    EXPECT_THROW(callback([] {}), std::system_error);
  });
}

// One thread lives longer than several runs, and is served by each.
TEST_P(ForeignThread, OutlivesARun) {
  passes_in_child([] {
    Meeting step(2);
    constexpr int kRuns = 5;
    std::thread thread([&] {
      for (int i = 0; i < kRuns; ++i) {
        step.arrive_and_wait();
        EXPECT_EQ(callback([i] { return i; }), i);
        step.arrive_and_wait();
        step.arrive_and_wait();
        EXPECT_THROW(callback([] {}), std::system_error);
        step.arrive_and_wait();
      }
    });
    for (int i = 0; i < kRuns; ++i) {
      run(configured(), [&] {
        blocking([&] { step.arrive_and_wait(); });
        blocking([&] { step.arrive_and_wait(); });
      });
      step.arrive_and_wait();
      step.arrive_and_wait();
    }
    thread.join();
  });
}

TEST_P(ForeignThread, IsToldWhenRunEndsFirst) {
  passes_in_child([] {
    for (int round = 0; round < 20; ++round) {
      std::vector<std::thread> threads;
      std::atomic<int> told{0};
      Channel<int> inside(8);
      Channel<int>& never = *new Channel<int>;  // somebody waits for it for ever
      run(configured(), [&] {
        for (int i = 0; i < 4; ++i) {
          threads.emplace_back([&] {
            try {
              callback([&] {
                inside.send(1);
                never.receive();
              });
            } catch (const std::system_error& error) {
              if (error.code() == std::errc::operation_canceled) ++told;
            }
          });
        }
        for (int i = 0; i < 4; ++i) inside.receive();
      });
      for (std::thread& thread : threads) thread.join();
      EXPECT_EQ(told, 4);
    }
  });
}

INSTANTIATE_TEST_SUITE_P(Under, ForeignThread, none_and_preemptive(), strategy_name);

}  // namespace
}  // namespace heddle::test
