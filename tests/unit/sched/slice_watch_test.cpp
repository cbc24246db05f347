// SliceWatch: when a slice is over, for whom, and when to look again, by what a processor shows from outside.
#include "sched/slice_watch.hpp"
#include "sched/processor.hpp"

#include <gtest/gtest.h>

namespace heddle::sched {
namespace {

constexpr std::int64_t kQuantum = 10'000'000;
constexpr std::int64_t kWakeup = 100'000;
constexpr SliceLimits kLimits{kQuantum, kWakeup};

class SliceWatchTest : public testing::Test {
 protected:
  SliceWatch::Result look(std::int64_t at, OthersWaiting others = {}) {
    return watch.look(processor, others, kLimits, at);
  }

  void runs_another() { count(processor.counters.switches); }
  void begins_slice() {
    processor.begin_slice();
    runs_another();
  }
  void queue_up() { processor.queue.push(&waiting); }
  void start() {
    processor.note_start();
    processor.put_next(&waiting);
  }
  void wake() {
    processor.put_next(&waiting);
    count(processor.counters.wakes);
  }

  stack::StackPool stacks{nullptr, 64 * 1024, 1024 * 1024, false};
  FiberDepot depot{stacks};
  Processor processor{0, true, depot};
  FiberBlock waiting{};
  SliceWatch watch;
};

TEST_F(SliceWatchTest, ASliceThatNobodyWaitsForIsNotWatched) {
  look(1);
  const auto seen = look(kQuantum * 100);
  EXPECT_FALSE(seen.waiting);
  EXPECT_FALSE(seen.over);
  EXPECT_EQ(seen.again, detail::kNever);
}

TEST_F(SliceWatchTest, TheQuantumEndsForOneWhoWaitsForHisTurn) {
  queue_up();
  look(1);
  EXPECT_FALSE(look(kQuantum).over);
  const auto seen = look(kQuantum + 1);
  EXPECT_TRUE(seen.over);
  EXPECT_EQ(seen.whom, Beneficiary::kAnyone);
}

TEST_F(SliceWatchTest, AlsoForOneInTheGlobalQueue) {
  look(1, {.any = true});
  EXPECT_TRUE(look(kQuantum + 1, {.any = true}).over);
}

TEST_F(SliceWatchTest, WhoInheritsASliceDoesNotProlongIt) {
  queue_up();
  for (std::int64_t at = 1; at <= kQuantum; at += kWakeup) {
    EXPECT_FALSE(look(at).over) << at;
    runs_another();
  }
  EXPECT_TRUE(look(kQuantum + 1).over);
}

TEST_F(SliceWatchTest, ANewSliceBeginsAnew) {
  queue_up();
  look(1);
  begins_slice();
  EXPECT_FALSE(look(kQuantum + 1).over);
  EXPECT_TRUE(look(2 * kQuantum + 1).over);
}

TEST_F(SliceWatchTest, OneWhoWasWokenWaitsForAWakeupSlice) {
  look(1);
  wake();
  EXPECT_LE(look(2).again, 1 + kWakeup);
  const auto seen = look(1 + kWakeup);
  EXPECT_TRUE(seen.over);
  EXPECT_EQ(seen.whom, Beneficiary::kWokenHere);
}

TEST_F(SliceWatchTest, AlsoIfNobodyLookedWhenHeWas) {
  wake();
  look(1);
  EXPECT_TRUE(look(1 + kWakeup).over);
}

TEST_F(SliceWatchTest, OneWhoWasOnlyStartedWaitsForHisTurn) {
  look(1);
  start();
  EXPECT_FALSE(look(kQuantum).over);
  EXPECT_TRUE(look(kQuantum + 1).over);
}

TEST_F(SliceWatchTest, AlsoBehindOneWhoWasWokenBeforeTheFirstLook) {
  wake();
  processor.take_next();
  runs_another();
  start();
  look(1);
  EXPECT_FALSE(look(kQuantum).over);
  EXPECT_TRUE(look(kQuantum + 1).over);
}

TEST_F(SliceWatchTest, AfterwardsOneMayBeWoken) {
  start();
  look(1);
  wake();
  EXPECT_TRUE(look(1 + kWakeup).over);
}

TEST_F(SliceWatchTest, OneWokenIntoTheGlobalQueueIsNamed) {
  look(1, {.any = true, .woken = true});
  const auto seen = look(1 + kWakeup, {.any = true, .woken = true});
  EXPECT_TRUE(seen.over);
  EXPECT_EQ(seen.whom, Beneficiary::kWokenGlobal);
}

TEST_F(SliceWatchTest, ATimerThatIsDueIsOneWhoWasWoken) {
  Timer timer;
  timer.when = 5 * kWakeup;
  timer.fire = [](Timer&) {};
  processor.timers.add(timer);
  look(1);
  EXPECT_EQ(look(2).again, timer.when);
  const auto seen = look(timer.when);
  EXPECT_TRUE(seen.late);
  EXPECT_TRUE(seen.over);
  EXPECT_EQ(seen.whom, Beneficiary::kWokenHere);
  TimerQueue::cancel(timer);
}

TEST_F(SliceWatchTest, AFiberThatHasOnlyJustBegunIsLeftItsWakeupSlice) {
  wake();
  look(1);
  runs_another();
  wake();
  const auto seen = look(1 + kWakeup);
  EXPECT_FALSE(seen.over);
  EXPECT_GE(seen.again, 1 + 2 * kWakeup);
}

TEST_F(SliceWatchTest, ARequestIsRepeatedLessAndLessOften) {
  queue_up();
  look(1);
  std::int64_t now = kQuantum + 1;
  std::int64_t last = 0;
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(look(now).over);
    const std::int64_t again = watch.requested(kLimits, now);
    EXPECT_GE(again - now, last);
    EXPECT_LE(again - now, kQuantum);
    EXPECT_FALSE(look(again - 1).over);
    last = again - now;
    now = again;
  }
  EXPECT_EQ(last, kQuantum);
}

TEST_F(SliceWatchTest, AProcessorThatMovesIsLookedAtLessAndLessOften) {
  std::int64_t now = 1, pause = 0;
  for (int i = 0; i < 10; ++i) {
    const auto seen = look(now);
    EXPECT_TRUE(seen.moved);
    EXPECT_GE(seen.again - now, pause);
    pause = seen.again - now;
    now = seen.again;
    runs_another();
  }
  EXPECT_EQ(pause, kLongestPause);
  look(now);
  EXPECT_FALSE(look(now + 1).moved);
  runs_another();
  EXPECT_EQ(look(now + 2).again, now + 2 + kWakeup) << "it stood still in between: looked at closely again";
}

}  // namespace
}  // namespace heddle::sched
