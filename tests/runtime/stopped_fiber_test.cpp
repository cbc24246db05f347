// StoppedFiber: the one fiber does not run, the others do, and it goes on when it is let go.
#include "runtime/child.hpp"
#include "runtime/scenario.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

namespace heddle::test {
namespace {

using namespace std::chrono_literals;
// Those that a fiber counts up to the end are not the main fiber's own, which returns before that one is stopped.
using Count = std::atomic<std::uint64_t>;

void wait_for(const Count& count, std::uint64_t more) {
  const std::uint64_t before = count;
  while (count < before + more) this_fiber::yield();
}

class StopAFiber : public testing::TestWithParam<std::tuple<Resume, std::uint32_t>> {
 protected:
  static Config preemptive() { return config(kPreemptive, std::get<1>(GetParam()), std::get<0>(GetParam())); }
};

TEST_P(StopAFiber, ThatNeverGivesWay) {
  passes_in_child(
      [] {
        Count stopped_one{0}, other_one{0};
        run(preemptive(), [&] {
          const auto count_up = [](Count& count) {
            for (;;) count.fetch_add(1, std::memory_order_relaxed);
          };
          Fiber first(count_up, std::ref(stopped_one));
          Fiber(count_up, std::ref(other_one)).detach();
          const FiberId id = first.get_id();
          first.detach();
          for (int round = 0; round < 5; ++round) {
            wait_for(stopped_one, 1000);
            const StoppedFiber stopped(id);
            ASSERT_TRUE(stopped);
            const std::uint64_t before = stopped_one;
            wait_for(other_one, 1000);
            this_fiber::sleep_for(1ms);
            EXPECT_EQ(stopped_one, before);
          }
          wait_for(stopped_one, 1000);
        });
      },
      60s);
}

TEST_P(StopAFiber, ThatWaitsAndIsWoken) {
  passes_in_child([] {
    run(preemptive(), [] {
      Channel<int> values(0);
      Count received{0};
      Fiber receiver([&] {
        for (int value : values) received += static_cast<std::uint64_t>(value);
      });
      for (int round = 0; round < 20; ++round) {
        std::optional<StoppedFiber> stopped(receiver.get_id());
        ASSERT_TRUE(*stopped);
        values.try_send(1);  // it waits, unless it has not come back to its channel
        const std::uint64_t before = received;
        for (int i = 0; i < 10; ++i) this_fiber::yield();
        EXPECT_EQ(received, before);
        stopped.reset();
        values.send(1);
        values.send(0);
      }
      values.close();
      receiver.join();
      EXPECT_GE(received, 20U);
    });
  });
}

TEST_P(StopAFiber, SeveralTimesCounts) {
  passes_in_child([] {
    Count count{0};
    run(preemptive(), [&] {
      Fiber fiber([&] {
        for (;; ++count) this_fiber::yield();
      });
      const FiberId id = fiber.get_id();
      fiber.detach();
      wait_for(count, 100);
      {
        const StoppedFiber first(id);
        { const StoppedFiber second(id); }
        const std::uint64_t before = count;
        for (int i = 0; i < 100; ++i) this_fiber::yield();
        EXPECT_EQ(count, before);
      }
      wait_for(count, 100);
    });
  });
}

TEST_P(StopAFiber, FromAThread) {
  passes_in_child(
      [] {
        Count count{0};
        run(preemptive(), [&] {
          Fiber fiber([&] {
            for (;;) count.fetch_add(1, std::memory_order_relaxed);
          });
          std::atomic<bool> done{false};
          std::thread stopper([&, id = fiber.get_id()] {
            for (int round = 0; round < 10; ++round) {
              const std::uint64_t at_start = count;
              for (int i = 0; i < 10'000 && count == at_start; ++i) std::this_thread::sleep_for(1ms);
              EXPECT_NE(count, at_start);
              const StoppedFiber stopped(id);
              EXPECT_TRUE(stopped);
              const std::uint64_t before = count;
              spin(3'000'000);
              EXPECT_EQ(count, before);
            }
            done = true;
          });
          while (!done) this_fiber::yield();
          stopper.join();
          fiber.detach();
        });
      },
      60s);
}

TEST_P(StopAFiber, ThoseThatStopEachOtherGoOn) {
  passes_in_child(
      [] {
        run(preemptive(), [] {
          WaitGroup known(1);
          std::vector<FiberId> ids;
          std::vector<Fiber> fibers;
          for (std::size_t i = 0; i < 4; ++i) {
            fibers.emplace_back([&, i] {
              known.wait();
              for (std::size_t round = 0; round < 50; ++round) const StoppedFiber stopped(ids[(i + 1 + round % 3) % 4]);
            });
            ids.push_back(fibers.back().get_id());
          }
          known.done();
          fibers.clear();
        });
      },
      60s);
}

INSTANTIATE_TEST_SUITE_P(Of, StopAFiber,
                         testing::Combine(testing::Values(Resume::kSameThread, Resume::kAnyThread), testing::Values(1U, 3U)),
                         [](const auto& info) {
                           return std::string(std::get<0>(info.param) == Resume::kSameThread ? "same_thread_" : "any_thread_") +
                                  std::to_string(std::get<1>(info.param));
                         });

TEST(StoppedFiber, OfNoFiberSaysSo) {
  const StoppedFiber outside{FiberId(1)};
  EXPECT_FALSE(outside);
  passes_in_child([] {
    run(config("none", 1), [] {
      Fiber fiber([] {});
      const FiberId id = fiber.get_id();
      fiber.join();
      EXPECT_FALSE(StoppedFiber(id));
      EXPECT_FALSE(StoppedFiber(FiberId()));
    });
  });
}

TEST(StoppedFiber, OfItselfThrows) {
  passes_in_child([] {
    run(config("none", 1), [] {
      try {
        const StoppedFiber stopped(this_fiber::get_id());
        ADD_FAILURE() << "wanted a std::system_error";
      } catch (const std::system_error& error) {
        EXPECT_EQ(error.code(), std::errc::resource_deadlock_would_occur) << error.what();
      }
    });
  });
}

TEST(StoppedFiber, ThatNeverRanStartsAfterwards) {
  passes_in_child([] {
    run(config("none", 1), [] {
      bool ran = false;
      Fiber fiber([&] { ran = true; });
      {
        const StoppedFiber stopped(fiber.get_id());
        EXPECT_TRUE(stopped);
        for (int i = 0; i < 10; ++i) this_fiber::yield();
        EXPECT_FALSE(ran);
      }
      fiber.join();
      EXPECT_TRUE(ran);
    });
  });
}

TEST(StoppedFiber, IsLeftBehindWhenRunEnds) {
  passes_in_child([] {
    for (int round = 0; round < 20; ++round) {
      run(config(kPreemptive, 2), [] {
        Fiber fiber([] {
          for (;;) this_fiber::yield();
        });
        const FiberId id = fiber.get_id();
        fiber.detach();
        Fiber([id] {
          const StoppedFiber stopped(id);
          for (;;) this_fiber::sleep_for(1ms);
        }).detach();
        for (int i = 0; i < 20; ++i) this_fiber::yield();
      });
    }
  });
}

}  // namespace
}  // namespace heddle::test
