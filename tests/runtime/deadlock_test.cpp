// A process in which no fiber can ever be woken ends with a message and a dump; one that waits for anything else does not.
#include "runtime/child.hpp"
#include "runtime/scenario.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <array>
#include <chrono>
#include <filesystem>
#include <iterator>
#include <mutex>
#include <string>
#include <thread>

namespace heddle::test {
namespace {

using namespace std::chrono_literals;

constexpr const char* kMessage = "heddle: fatal: all fibers are asleep: deadlock\n";

/// Why nothing is ever a deadlock here; empty where one is found. An emulator's own threads count as the program's.
std::string obstacle() {
  if (std::string(kPreemptive) == "suspend")
    return "on Windows the number of threads does not say that nobody can wake a fiber";
  const std::filesystem::path tasks = "/proc/self/task";
  std::error_code error;
  const bool alone = !std::filesystem::exists(tasks, error) ||
                     std::distance(std::filesystem::directory_iterator(tasks), {}) == 1;
  return alone ? "" : "this process has threads that nobody made: it runs in an emulator";
}

class Deadlock : public testing::TestWithParam<std::uint32_t> {
 protected:
  void SetUp() override {
    if (const std::string why = obstacle(); !why.empty()) GTEST_SKIP() << why;
  }
};

void expect_deadlock(const Outcome& outcome) {
  EXPECT_EQ(outcome.exit_code, 2) << describe(outcome);
  EXPECT_FALSE(outcome.timed_out) << describe(outcome);
  EXPECT_TRUE(outcome.err.starts_with(kMessage)) << describe(outcome);
}

TEST_P(Deadlock, OfOneThatWaitsForNobody) {
  const Outcome outcome = in_child([processors = GetParam()] {
    run(config(kPreemptive, processors), [] {
      Channel<int> values;
      values.receive();
    });
  });
  expect_deadlock(outcome);
  EXPECT_NE(outcome.err.find("\nfiber 1 \"main\": waiting for a value from channel 0x"), std::string::npos)
      << describe(outcome);
}

TEST_P(Deadlock, OfAMutexThatItsOwnerLocksAgain) {
  expect_deadlock(in_child([processors = GetParam()] {
    run(config("none", processors), [] {
      Mutex mutex;
      std::lock_guard first(mutex);
      Fiber other([&] { std::lock_guard second(mutex); });
      mutex.lock();
    });
  }));
}

TEST_P(Deadlock, OfThoseThatJoinEachOther) {
  const Outcome outcome = in_child([processors = GetParam()] {
    run(config("cooperative", processors), [] {
      static std::array<Fiber, 3> ring;
      WaitGroup made(1);
      for (std::size_t i = 0; i < 3; ++i) {
        ring[i] = Fiber([&made, i] {
          made.wait();
          ring[(i + 1) % 3].join();
        });
      }
      made.done();
      WaitGroup never(1);
      never.wait();
    });
  });
  expect_deadlock(outcome);
  EXPECT_NE(outcome.err.find("waiting for the end of fiber "), std::string::npos) << describe(outcome);
}

TEST_P(Deadlock, IsSeenWhenTheLastThreadHasEnded) {
  expect_deadlock(in_child([processors = GetParam()] {
    run(config(kPreemptive, processors), [] {
      Channel<int> values;
      std::thread([&] {
        std::this_thread::sleep_for(100ms);
        values.send(1);
        std::this_thread::sleep_for(100ms);
      }).detach();
      EXPECT_EQ(values.receive(), 1);
      values.receive();
    });
  }));
}

TEST_P(Deadlock, AfterMuchHasHappened) {
  expect_deadlock(in_child([processors = GetParam()] {
    run(config(kPreemptive, processors), [] {
      for (int i = 0; i < 100; ++i) Fiber([] { this_fiber::sleep_for(10us); }).join();
      WaitGroup never(1);
      never.wait();
    });
  }));
}

TEST_P(Deadlock, IsNoneWhileAThreadMayWake) {
  passes_in_child([processors = GetParam()] {
    run(config(kPreemptive, processors), [] {
      Channel<int> values;
      std::thread thread([&] {
        std::this_thread::sleep_for(300ms);
        values.send(1);
      });
      EXPECT_EQ(values.receive(), 1);
      thread.join();
    });
  });
}

TEST_P(Deadlock, IsNoneWhileATimerIsPending) {
  passes_in_child([processors = GetParam()] {
    run(config(kPreemptive, processors), [] {
      this_fiber::sleep_for(100ms);
      Channel<int> values;
      const Timer timer(100ms, [&] { values.send(1); });
      EXPECT_EQ(values.receive(), 1);
      Mutex mutex;
      ConditionVariable never;
      std::unique_lock lock(mutex);
      EXPECT_EQ(never.wait_for(lock, 100ms), std::cv_status::timeout);
    });
  });
}

TEST_P(Deadlock, IsNoneWhileAFiberBlocksItsThread) {
  passes_in_child([processors = GetParam()] {
    run(config(kPreemptive, processors), [] {
      Channel<int> values;
      Fiber blocks([&] {
        std::this_thread::sleep_for(300ms);
        values.send(1);
      });
      EXPECT_EQ(values.receive(), 1);
    });
  });
}

TEST_P(Deadlock, IsNoneWhileAThreadHasTheWorldStopped) {
  passes_in_child([processors = GetParam()] {
    run(config(kPreemptive, processors), [] {
      Channel<int> values;
      std::thread thread([&] {
        {
          const StoppedWorld world;
          std::this_thread::sleep_for(100ms);
        }
        values.send(1);
      });
      EXPECT_EQ(values.receive(), 1);
      thread.join();
    });
  });
}

INSTANTIATE_TEST_SUITE_P(Of, Deadlock, testing::Values(1U, 3U),
                         [](const auto& info) { return std::to_string(info.param) + "_processors"; });

TEST(DeadlockDetection, CanBeSwitchedOff) {
  const Outcome outcome = in_child(
      [] {
        Config without = config("none", 1);
        without.diagnostics.deadlock = false;
        run(without, [] {
          WaitGroup never(1);
          never.wait();
        });
      },
      2s);
  EXPECT_TRUE(outcome.timed_out) << describe(outcome);
}

}  // namespace
}  // namespace heddle::test
