// Ordinary threads and fibers in one conversation.
#include "runtime/child.hpp"
#include "runtime/scenario.hpp"
#include "runtime/threads.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <atomic>
#include <mutex>
#include <vector>

namespace heddle::test {
namespace {

class MixedThreads : public testing::TestWithParam<std::uint32_t> {};

TEST_P(MixedThreads, PingPongBetweenAThreadAndAFiber) {
  passes_in_child([] {
    run(config(kPreemptive, GetParam()), [] {
      Channel<int> there;
      Channel<int> back;
      Threads thread;
      thread.start([&] {
        for (int value : there) back.send(value + 1);
      });
      for (int i = 0; i < 2'000; ++i) {
        ASSERT_TRUE(there.send(i));
        ASSERT_EQ(back.receive(), i + 1);
      }
      there.close();
      thread.join();
    });
  });
}

TEST_P(MixedThreads, EachSendsToEach) {
  passes_in_child([] {
    run(config(kPreemptive, GetParam()), [] {
      constexpr int kEach = 2'000;
      Channel<int> channel(3);
      std::atomic<std::int64_t> sum{0};
      WaitGroup senders(6);
      const auto send = [&] {
        for (int i = 1; i <= kEach; ++i) channel.send(i);
        senders.done();
      };
      const auto receive = [&] {
        for (const int value : channel) sum += value;
      };
      Threads threads;
      std::vector<Fiber> fibers;
      for (int i = 0; i < 3; ++i) {
        threads.start(send);
        fibers.emplace_back(send);
        threads.start(receive);
        fibers.emplace_back(receive);
      }
      senders.wait();
      channel.close();
      fibers.clear();
      threads.join();
      EXPECT_EQ(sum, 6LL * kEach * (kEach + 1) / 2);
    });
  });
}

TEST_P(MixedThreads, AThreadWaitsForWhatFibersDo) {
  passes_in_child([] {
    run(config(kPreemptive, GetParam()), [] {
      Mutex mutex;
      ConditionVariable changed;
      int turn = 0;
      Threads thread;
      thread.start([&] {
        for (int i = 1; i < 1'000; i += 2) {
          std::unique_lock lock(mutex);
          changed.wait(lock, [&] { return turn == i; });
          ++turn;
          changed.notify_all();
        }
      });
      for (int i = 0; i < 1'000; i += 2) {
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return turn == i; });
        ++turn;
        changed.notify_all();
      }
      thread.join();
      EXPECT_EQ(turn, 1'000);
    });
  });
}

TEST_P(MixedThreads, ThreadsReadClocksAndStats) {
  passes_in_child([] {
    run(config(kPreemptive, GetParam()), [] {
      Threads threads;
      for (int i = 0; i < 4; ++i) {
        threads.start([] {
          std::int64_t last = nanotime();
          for (int round = 0; round < 10'000; ++round) {
            const std::int64_t now = nanotime();
            ASSERT_GE(now, last);
            last = now;
            ASSERT_EQ(stats().processors, GetParam());
          }
        });
      }
      threads.join();
    });
  });
}

INSTANTIATE_TEST_SUITE_P(Processors, MixedThreads, testing::Values(1, 3), testing::PrintToStringParamName());

}  // namespace
}  // namespace heddle::test
