// Timekeeper on Windows: the thread comes before every other of the process, and it alone.
#include <windows.h>

#include <thread>

#include "conformance/fixture.hpp"

namespace conformance {
namespace {

class Timekeeper : public Conformance {};

TEST_F(Timekeeper, PutsTheThreadBeforeTheOthers) {
  ASSERT_NE(timekeeper, nullptr);
  std::thread([this] {
    ASSERT_EQ(GetThreadPriority(GetCurrentThread()), THREAD_PRIORITY_NORMAL);
    timekeeper->enter();
    EXPECT_EQ(GetThreadPriority(GetCurrentThread()), THREAD_PRIORITY_TIME_CRITICAL);
  }).join();
  EXPECT_EQ(GetThreadPriority(GetCurrentThread()), THREAD_PRIORITY_NORMAL);
}

}  // namespace
}  // namespace conformance
