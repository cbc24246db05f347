// R59, NoLivelock: many requesters and one target. Requests coalesce, a target that may not be stopped makes progress,
// and one that may be is stopped.
#include "runtime/child.hpp"
#include "runtime/scenario.hpp"
#include "runtime/storm.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <atomic>
#include <chrono>

namespace heddle::test {
namespace {

constexpr int kRequesters = 16;
constexpr std::uint64_t kRounds = 20'000'000;  // some 20 ms of work when nothing disturbs it

class Requests : public testing::TestWithParam<Resume> {};

TEST_P(Requests, DoNotStopATargetThatRefuses) {
  passes_in_child(
      [] {
        run(config(kPreemptive, 1, GetParam()), [] {
          std::atomic<bool> other_ran{false};
          Fiber other([&] { other_ran = true; });
          const std::uint64_t undisturbed = spin(kRounds);
          (void)undisturbed;
          other.join();
          other_ran = false;
          Fiber another;
          {
            const this_fiber::NoPreempt guard;
            another = Fiber([&] { other_ran = true; });
            const Storm storm(kRequesters);
            EXPECT_EQ(spin(kRounds), undisturbed);
            // Making threads may block this one, and then its processor is another's.
            EXPECT_TRUE(!other_ran || stats().rescues != 0);
            EXPECT_GT(stats().refused_preemptions, 0u);
          }
          EXPECT_TRUE(other_ran);  // the pending request was met at the region's end
        });
      },
      std::chrono::seconds(60));
}

TEST_P(Requests, StopATargetThatMayBeStoppedAndLetItFinish) {
  passes_in_child(
      [] {
        run(config(kPreemptive, 1, GetParam()), [] {
          std::atomic<bool> done{false};
          Fiber counter([&] {
            while (!done) spin(1000);
          });
          const std::uint64_t expected = spin(kRounds);
          const std::uint64_t before = stats().preemptions;
          {
            const Storm storm(kRequesters);
            EXPECT_EQ(spin(kRounds), expected);
          }
          done = true;
          EXPECT_GT(stats().preemptions, before);
        });
      },
      std::chrono::seconds(60));
}

TEST_P(Requests, DoNothingUnderNone) {
  passes_in_child([] {
    run(config("none", 1, GetParam()), [] {
      std::atomic<bool> other_ran{false};
      Fiber other([&] { other_ran = true; });
      const Storm storm(kRequesters);
      spin(kRounds);
      this_fiber::checkpoint();
      EXPECT_FALSE(other_ran);
      EXPECT_EQ(stats().preemptions, 0u);
    });
  });
}

INSTANTIATE_TEST_SUITE_P(With, Requests, testing::Values(Resume::kSameThread, Resume::kAnyThread), [](const auto& info) {
  return info.param == Resume::kSameThread ? "same_thread" : "any_thread";
});

}  // namespace
}  // namespace heddle::test
