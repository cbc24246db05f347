// A read from an empty pipe, on one processor: whoever writes into it can run.
#include "runtime/child.hpp"
#include "runtime/scenario.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <unistd.h>
#include <cerrno>
#include <chrono>

namespace heddle::test {
namespace {

using std::chrono::milliseconds;

class RescueFromRead : public testing::TestWithParam<std::string> {};

TEST_P(RescueFromRead, OfAnEmptyPipe) {
  passes_in_child([] {
    run(config(GetParam(), 1), [] {
      int ends[2];
      ASSERT_EQ(pipe(ends), 0);
      for (char letter = 'a'; letter <= 'z'; ++letter) {
        Fiber writer([&] { EXPECT_EQ(write(ends[1], &letter, 1), 1); });
        char got = 0;
        errno = 0;
        ASSERT_EQ(read(ends[0], &got, 1), 1) << "errno " << errno;
        EXPECT_EQ(got, letter);
      }
      EXPECT_GE(stats().rescues, 1U);
    });
  });
}

// The monitor sends no signal to a thread that waits: calls that no kernel restarts would fail with EINTR. (A worker's own alarm, under
// `timer`, does not know.)
TEST(RescueByTheMonitor, DoesNotInterruptTheCall) {
  passes_in_child([] {
    // The slices are long, so that none is over on the way into the call: a signal may meet a thread there between any two looks at it.
    Config patient = config("signal", 1);
    patient.preempter.quantum = milliseconds(100);
    run(patient, [] {
      std::atomic<int> interrupted{0}, over{0};
      std::vector<Fiber> fibers;
      for (int i = 0; i < 10; ++i) {
        fibers.emplace_back([&] {
          if (usleep(300'000) != 0 && errno == EINTR) ++interrupted;
          ++over;
        });
      }
      while (over < 10) this_fiber::yield();
      EXPECT_EQ(interrupted, 0);
    });
  });
}

INSTANTIATE_TEST_SUITE_P(Under, RescueFromRead, testing::ValuesIn(strategies_but_none()),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace heddle::test
