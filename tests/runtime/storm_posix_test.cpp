// Signals in a storm: what is left to a program that is asked to stop all the time (R59), its own signals, its system calls.
#include "runtime/child.hpp"
#include "runtime/scenario.hpp"
#include "runtime/storm.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include <unistd.h>

namespace heddle::test {
namespace {

std::atomic<int> handled{0};

void install_counter(int flags) {
  struct sigaction action {};
  action.sa_handler = [](int) { handled.fetch_add(1, std::memory_order_relaxed); };
  action.sa_flags = flags;
  sigaction(SIGURG, &action, nullptr);
}

class InAStorm : public testing::TestWithParam<Resume> {};

// Requests that are refused must not come so fast that the target does nothing else. Counted, because what an interruption costs
// differs between a processor and its emulator: some 4,000 rounds of the loop fit between two of them here, 50 to 200 there.
TEST_P(InAStorm, ATargetThatRefusesGetsOn) {
  passes_in_child(
      [] {
        constexpr std::uint64_t kRounds = 50'000'000;
        run(config(kPreemptive, 1, GetParam()), [] {
          const this_fiber::NoPreempt guard;
          const Storm storm(16);
          spin(kRounds);
          EXPECT_GT(stats().refused_preemptions, 0U);
          EXPECT_LT(stats().refused_preemptions, kRounds / 5);
        });
      },
      std::chrono::seconds(60));
}

// The target is stopped again after the storm: no request of it is taken for one that is still under way.
TEST_P(InAStorm, NoRequestStaysBehind) {
  passes_in_child(
      [] {
        run(config(kPreemptive, 1, GetParam()), [] {
          for (int round = 0; round < 5; ++round) {
            {
              const this_fiber::NoPreempt guard;
              const Storm storm(16);
              spin(2'000'000);
            }
            std::atomic<bool> other_ran{false};
            const std::uint64_t before = stats().preemptions;
            Fiber other([&] { other_ran = true; });
            while (!other_ran) spin(10'000);
            EXPECT_GT(stats().preemptions, before);
          }
        });
      },
      std::chrono::seconds(60));
}

TEST_P(InAStorm, TheProgramsOwnSignalsArrive) {
  passes_in_child(
      [] {
        install_counter(SA_RESTART | SA_ONSTACK);
        run(config(kPreemptive, 1, GetParam()), [] {
          const Storm storm(16);
          for (int i = 0; i < 100; ++i) {
            kill(getpid(), SIGURG);
            spin(10'000);
          }
        });
        EXPECT_GE(handled, 1);
      },
      std::chrono::seconds(60));
}

TEST_P(InAStorm, SystemCallsAreRestarted) {
  passes_in_child(
      [] {
        static constexpr std::size_t kBytes = 4 << 20;
        run(config(kPreemptive, 3, GetParam()), [] {
          int ends[2];
          ASSERT_EQ(pipe(ends), 0);
          const Storm storm(1, 3);
          std::atomic<bool> stop{false};
          Fiber busy([&] {
            while (!stop) spin(1'000);
          });
          Fiber writer([&] {
            std::array<unsigned char, 4096> page;
            for (std::size_t sent = 0; sent < kBytes;) {
              for (std::size_t i = 0; i < page.size(); ++i) page[i] = static_cast<unsigned char>((sent + i) * 7 >> 3);
              const ssize_t count = write(ends[1], page.data(), page.size());
              ASSERT_GT(count, 0) << "errno " << read_errno();
              sent += static_cast<std::size_t>(count);
            }
            close(ends[1]);
          });
          std::array<unsigned char, 1000> part;
          std::size_t received = 0;
          for (;;) {
            const ssize_t count = read(ends[0], part.data(), part.size());
            ASSERT_GE(count, 0) << "errno " << read_errno();
            if (count == 0) break;
            for (ssize_t i = 0; i < count; ++i, ++received)
              ASSERT_EQ(part[static_cast<std::size_t>(i)], static_cast<unsigned char>(received * 7 >> 3));
          }
          EXPECT_EQ(received, kBytes);
          stop = true;
          close(ends[0]);
        });
      },
      std::chrono::seconds(60));
}

INSTANTIATE_TEST_SUITE_P(With, InAStorm, testing::Values(Resume::kSameThread, Resume::kAnyThread), [](const auto& info) {
  return std::string(info.param == Resume::kSameThread ? "same_thread" : "any_thread");
});

// The runtime takes the program's place as handler and gives it back, while another thread raises the signal: that is handled on the
// thread itself before raise() returns, each time, by whoever has the place.
TEST(ComingAndGoing, LosesNoSignal) {
  if (const char* emulator = std::getenv("HEDDLE_TEST_EMULATOR"); emulator && emulator == std::string("qemu-arm"))
    GTEST_SKIP()
        << "qemu-arm may begin a handler by one sigaction and return from it by the next, which wants another frame";
  passes_in_child(
      [] {
        install_counter(SA_RESTART);
        std::atomic<bool> stop{false};
        int raised = 0;
        std::thread raiser([&] {
          while (!stop) {
            raise(SIGURG);
            ++raised;
          }
        });
        for (int turn = 0; turn < 100; ++turn) run(config("none", 1), [] {});
        stop = true;
        raiser.join();
        EXPECT_GT(raised, 100);
        EXPECT_EQ(handled, raised);
      },
      std::chrono::seconds(60));
}

}  // namespace
}  // namespace heddle::test
