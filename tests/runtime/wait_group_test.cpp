// WaitGroup: wait() returns when the count is zero and not before.
#include "runtime/child.hpp"
#include "runtime/scenario.hpp"
#include "runtime/threads.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <vector>

namespace heddle::test {
namespace {

class WaitGroupOn : public testing::TestWithParam<std::uint32_t> {};

TEST_P(WaitGroupOn, WaitsForAll) {
  passes_in_child([] {
    run(config(kPreemptive, GetParam()), [] {
      for (int round = 0; round < 100; ++round) {
        WaitGroup group;
        std::atomic<int> done{0};
        group.add(20);
        for (int i = 0; i < 20; ++i) {
          Fiber([&] {
            this_fiber::yield();
            ++done;
            group.done();
          }).detach();
        }
        group.wait();
        ASSERT_EQ(done, 20);
      }
    });
  });
}

// The last done() must not touch the group after wait() has returned: it is freed at once, and what lies there next
// is written over.
TEST_P(WaitGroupOn, MayBeDestroyedWhenWaitReturns) {
  passes_in_child([] {
    run(config(kPreemptive, GetParam()), [] {
      for (std::size_t round = 0, rounds = scaled(5'000); round < rounds; ++round) {
        auto group = std::make_unique<WaitGroup>(3);
        for (int i = 0; i < 3; ++i) Fiber([group = group.get()] { group->done(); }).detach();
        group->wait();
        WaitGroup* const place = group.release();
        place->~WaitGroup();
        std::fill_n(reinterpret_cast<unsigned char*>(place), sizeof(WaitGroup), static_cast<unsigned char>(0xa5));
        this_fiber::yield();
        const auto* const bytes = reinterpret_cast<const unsigned char*>(place);
        ASSERT_TRUE(std::all_of(bytes, bytes + sizeof(WaitGroup), [](unsigned char byte) { return byte == 0xa5; }));
        ::operator delete(place);
      }
    });
  });
}

TEST_P(WaitGroupOn, WakesSeveralWaitersAndIsUsedAgain) {
  passes_in_child([] {
    run(config(kPreemptive, GetParam()), [] {
      WaitGroup group;
      for (int round = 0; round < 50; ++round) {
        std::atomic<int> woken{0};
        group.add(1);
        std::vector<Fiber> waiters;
        Threads threads;
        for (int i = 0; i < 5; ++i) waiters.emplace_back([&] { group.wait(), ++woken; });
        threads.start([&] { group.wait(), ++woken; });
        this_fiber::yield();
        EXPECT_EQ(woken, 0);
        group.done();
        waiters.clear();
        threads.join();
        ASSERT_EQ(woken, 6);
      }
    });
  });
}

INSTANTIATE_TEST_SUITE_P(Processors, WaitGroupOn, testing::Values(1, 4), testing::PrintToStringParamName());

TEST(WaitGroup, OfNothingDoesNotWait) {
  WaitGroup group;
  group.wait();
}

TEST(WaitGroup, NegativeCountEndsTheProcess) {
  const Outcome outcome = in_child([] {
    WaitGroup group(1);
    group.done();
    group.done();
  });
  EXPECT_EQ(outcome.exit_code, 2) << describe(outcome);
  EXPECT_NE(outcome.err.find("heddle: fatal: "), std::string::npos) << describe(outcome);
}

}  // namespace
}  // namespace heddle::test
