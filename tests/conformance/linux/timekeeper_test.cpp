// Timekeeper: after enter a thread's timers are exact, and its scheduling policy and priority are what they were.
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <thread>

#include "conformance/fixture.hpp"

namespace conformance {
namespace {

class Timekeeper : public Conformance {};

TEST_F(Timekeeper, MakesTheThreadsTimersExactAndLeavesItsPriority) {
  ASSERT_NE(timekeeper, nullptr);
  const int slack_here = prctl(PR_GET_TIMERSLACK);
  std::thread([this] {
    ASSERT_GT(prctl(PR_GET_TIMERSLACK), 1);
    const int nice = getpriority(PRIO_PROCESS, 0);
    timekeeper->enter();
    EXPECT_EQ(prctl(PR_GET_TIMERSLACK), 1);
    EXPECT_EQ(sched_getscheduler(0), SCHED_OTHER);
    EXPECT_EQ(getpriority(PRIO_PROCESS, 0), nice);
  }).join();
  EXPECT_EQ(prctl(PR_GET_TIMERSLACK), slack_here);  // it was that thread's alone
}

}  // namespace
}  // namespace conformance
