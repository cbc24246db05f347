// run(): what it returns and throws, how often, and what ends with the main fiber.
#include "runtime/child.hpp"
#include "runtime/scenario.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <atomic>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

namespace heddle::test {
namespace {

TEST(Run, ReturnsWhatTheMainFiberReturns) {
  passes_in_child([] {
    EXPECT_EQ(run([] { return 42; }), 42);
    EXPECT_EQ(run(config("none", 1), [] {}), 0);
    EXPECT_EQ(run(config("none", 1), [] { return std::string("woven"); }), "woven");
    EXPECT_EQ(*run(config("none", 1), [] { return std::make_unique<int>(3); }), 3);
  });
}

TEST(Run, ThrowsWhatTheMainFiberThrows) {
  passes_in_child([] {
    for (int round = 0; round < 20; ++round) {
      try {
        run(config(kPreemptive, 2), [&] {
          this_fiber::yield();
          throw std::runtime_error("round " + std::to_string(round));
        });
        FAIL() << "the exception was lost";
      } catch (const std::runtime_error& error) {
        EXPECT_EQ(error.what(), "round " + std::to_string(round));
      }
    }
  });
}

TEST(Run, RunsAgainWithOtherConfigurations) {
  passes_in_child([] {
    int runs = 0;
    for (int round = 0; round < 5; ++round) {
      for (const char* strategy : {"none", "cooperative", kPreemptive}) {
        for (const std::uint32_t processors : {1U, 4U}) {
          run(config(strategy, processors), [&] {
            EXPECT_EQ(stats().processors, processors);
            std::vector<Fiber> fibers;
            for (int i = 0; i < 20; ++i) fibers.emplace_back([] { this_fiber::yield(); });
            fibers.clear();
            EXPECT_GE(stats().fibers_created, 20U);
            ++runs;
          });
          EXPECT_EQ(stats().processors, 0U);
          EXPECT_EQ(stats().fibers, 0U);
        }
      }
    }
    EXPECT_EQ(runs, 30);
  });
}

TEST(Run, StrategiesTakeEffectEachTime) {
  passes_in_child([] {
    for (int round = 0; round < 3; ++round) {
      for (const bool preemptive : {true, false}) {
        run(config(preemptive ? kPreemptive : "none", 1), [&] {
          std::atomic<bool> other_ran{false};
          Fiber other([&] { other_ran = true; });
          for (int i = 0; i < 100 && !other_ran; ++i) spin(1'000'000);
          EXPECT_EQ(other_ran, preemptive);
        });
      }
    }
  });
}

TEST(Run, RefusesToBeNested) {
  passes_in_child([] {
    run(config("none", 1), [] {
      try {
        run(config("none", 1), [] { ADD_FAILURE() << "a second runtime ran"; });
        ADD_FAILURE() << "wanted a std::system_error";
      } catch (const std::system_error& error) {
        EXPECT_EQ(error.code(), std::errc::operation_not_permitted) << error.what();
      }
    });
  });
}

TEST(Run, RefusesASecondThreadWhileOneRuns) {
  passes_in_child([] {
    run(config("none", 1), [] {
      std::thread second([] {
        try {
          run(config("none", 1), [] { ADD_FAILURE() << "a second runtime ran"; });
          ADD_FAILURE() << "wanted a std::system_error";
        } catch (const std::system_error& error) {
          EXPECT_EQ(error.code(), std::errc::operation_not_permitted) << error.what();
        }
      });
      second.join();
    });
    // Each thread may, one after the other.
    std::thread([] { EXPECT_EQ(run(config("none", 1), [] { return 1; }), 1); }).join();
  });
}

TEST(Run, TwoThreadsAtOnceGiveOneRuntimeAtATime) {
  passes_in_child([] {
    std::atomic<int> inside{0};
    std::atomic<int> ran{0};
    std::atomic<int> refused{0};
    const auto try_to_run = [&] {
      for (int round = 0; round < 50; ++round) {
        try {
          run(config("none", 1), [&] {
            EXPECT_EQ(++inside, 1);
            this_fiber::yield();
            --inside;
            ++ran;
          });
        } catch (const std::system_error& error) {
          EXPECT_EQ(error.code(), std::errc::operation_not_permitted) << error.what();
          ++refused;
        }
      }
    };
    std::thread first(try_to_run);
    std::thread second(try_to_run);
    first.join();
    second.join();
    EXPECT_EQ(ran + refused, 100);
    EXPECT_GT(ran, 0);
  });
}

TEST(Run, StartsOnTheCallingThreadAndComesBackToIt) {
  passes_in_child([] {
    const std::uintptr_t caller = this_thread();
    for (int round = 0; round < 20; ++round) {
      run(config(kPreemptive, 4), [] {
        std::vector<Fiber> fibers;
        for (int i = 0; i < 50; ++i) fibers.emplace_back([] { this_fiber::yield(); });
      });
      EXPECT_EQ(this_thread(), caller);
    }
  });
}

TEST(Run, DoesNotWaitForDetachedFibers) {
  passes_in_child([] {
    run(config(kPreemptive, 2), [] {
      // Never deleted: they have waiters for good, and must not be destroyed at the end of the program either.
      auto& never = *new Channel<int>;
      auto& mutex = *new Mutex;
      mutex.lock();
      Fiber([&] { never.receive(); }).detach();
      Fiber([&] { mutex.lock(); }).detach();
      Fiber([] { this_fiber::sleep_for(std::chrono::hours(1)); }).detach();
      Fiber([] {
        for (;;) this_fiber::yield();
      }).detach();
      Fiber([] {
        for (;;) asm volatile("");
      }).detach();
      this_fiber::yield();
    });
  });
}

TEST(Run, EndsBesideFibersThatYieldAndTimersThatFire) {
  // The end and a timer that is due both ask a processor for its attention; neither may overlook the other.
  passes_in_child(
      [] {
        for (int round = 0; round < 300; ++round) {
          run(config("none", 2), [] {
            for (int i = 0; i < 4; ++i) {
              Fiber([] {
                for (;;) this_fiber::yield();
              }).detach();
              Fiber([] {
                for (;;) this_fiber::sleep_for(std::chrono::microseconds(30));
              }).detach();
            }
            this_fiber::sleep_for(std::chrono::microseconds(200));
          });
        }
      },
      std::chrono::seconds(40));
}

TEST(Run, LeavesNoThreadRunningFibers) {
  passes_in_child([] {
    static std::atomic<std::uint64_t> turns{0};
    run(config(kPreemptive, 4), [] {
      for (int i = 0; i < 8; ++i) {
        Fiber([] {
          for (;;) turns.fetch_add(1, std::memory_order_relaxed);
        }).detach();
      }
      for (int i = 0; i < 3; ++i) this_fiber::yield();
    });
    const std::uint64_t after = turns;
    spin(50'000'000);
    EXPECT_EQ(turns, after);
  });
}

}  // namespace
}  // namespace heddle::test
