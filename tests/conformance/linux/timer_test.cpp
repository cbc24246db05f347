// Strategy `timer`: each thread's own timer interrupts it, once for each arming.
#include <csignal>
#include <ctime>

#include <atomic>
#include <fstream>
#include <string>
#include <thread>

#include "conformance/preempter.hpp"

namespace conformance {
namespace {

std::atomic<int> alarms;
HeddleThread* told;

class Timer : public Preempter {
 protected:
  void SetUp() override {
    Preempter::SetUp();
    preempter = static_cast<const HeddlePreempter*>(port().get_interface(HEDDLE_PREEMPTER_IID "#timer"));
    ASSERT_NE(preempter, nullptr);
    ASSERT_NE(preempter->arm, nullptr);
    alarms = 0;
    told = nullptr;
    core.deliver = [](HeddleThread* thread, void*) -> int32_t {
      told = thread;
      ++alarms;
      return 0;
    };
  }

  static void compute_until(int wanted) {
    while (alarms.load(std::memory_order_relaxed) < wanted) continue;
  }

  static void compute_for(int64_t nanoseconds) {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    const auto read = [&] {
      clock_gettime(CLOCK_MONOTONIC, &now);
      return now.tv_sec * 1'000'000'000 + now.tv_nsec;
    };
    for (const int64_t end = read() + nanoseconds; read() < end;) continue;
  }
};

TEST_F(Timer, EachArmingIsOneInterruption) {
  as_worker([&] {
    for (int i = 1; i <= 100; ++i) {
      ASSERT_EQ(preempter->arm(&thread, i % 10 == 0 ? 1 : 50'000), HEDDLE_OK);
      compute_until(i);
      ASSERT_EQ(alarms, i);
    }
    compute_for(2'000'000);
    EXPECT_EQ(told, &thread);
  });
  EXPECT_EQ(alarms, 100);
}

TEST_F(Timer, ALaterArmingTakesThePlaceOfTheOneBefore) {
  as_worker([&] {
    ASSERT_EQ(preempter->arm(&thread, 3'600'000'000'000), HEDDLE_OK);
    ASSERT_EQ(preempter->arm(&thread, 1'000'000), HEDDLE_OK);
    compute_until(1);
    ASSERT_EQ(preempter->arm(&thread, 20'000'000), HEDDLE_OK);
    ASSERT_EQ(preempter->arm(&thread, INT64_MAX), HEDDLE_OK);
    compute_for(60'000'000);
  });
  EXPECT_EQ(alarms, 1);
}

TEST_F(Timer, AnotherThreadMayArm) {
  as_worker([&] {
    std::thread([&] { EXPECT_EQ(preempter->arm(&thread, 1), HEDDLE_OK); }).join();
    compute_until(1);
    EXPECT_EQ(told, &thread);
  });
}

TEST_F(Timer, NothingComesAfterLeaveAndNoTimerIsLeft) {
  for (int i = 0; i < 200; ++i) {
    as_worker([&] { preempter->arm(&thread, 1 + i % 7); });
    const int after = alarms;
    compute_for(20'000);
    ASSERT_EQ(alarms, after);
  }
  EXPECT_LT(preempter->arm(&thread, 1), 0);
  std::ifstream timers("/proc/self/timers");
  if (!timers) GTEST_SKIP() << "the kernel was built without /proc/PID/timers";
  std::string first;
  EXPECT_FALSE(std::getline(timers, first)) << first;
}

TEST_F(Timer, ARequestStillInterrupts) {
  as_worker([&] {
    std::thread([&] { EXPECT_EQ(preempter->request(&thread), HEDDLE_OK); }).join();
    compute_until(1);
  });
}

}  // namespace
}  // namespace conformance
