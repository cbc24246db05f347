// Foreign calls where the kernel has no membarrier(2), as an old one or a container's filter may not: they are handed over all the same.
#include "runtime/child.hpp"
#include "runtime/scenario.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <thread>
#include <vector>

#include <unistd.h>

namespace heddle::test {
namespace {

/// membarrier fails from now on, on this thread and on those that it starts.
void take_membarrier_away() {
  std::array program{sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
                     sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_membarrier, 0, 1),
                     sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
                     sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  const sock_fprog filter{program.size(), program.data()};
  ASSERT_EQ(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
  ASSERT_EQ(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter), 0);
  ASSERT_EQ(syscall(SYS_membarrier, 0, 0, 0), -1);
}

class WithoutMembarrier : public testing::Test {
 protected:
  void SetUp() override {
    if (std::getenv("HEDDLE_TEST_EMULATOR")) GTEST_SKIP() << "the emulator has no seccomp filters";
  }
};

TEST_F(WithoutMembarrier, AForeignCallThatBlocksKeepsNobodyFromRunning) {
  passes_in_child([] {
    take_membarrier_away();
    run(config(kPreemptive, 1), [] {
      std::atomic<bool> ran{false};
      Fiber other([&] {
        ran = true;
        ran.notify_one();
      });
      foreign_call([&] { ran.wait(false); });
      other.join();
      EXPECT_GE(stats().rescues, 1U);
    });
  });
}

TEST_F(WithoutMembarrier, CallsOfEveryLengthComeBack) {
  passes_in_child([] {
    take_membarrier_away();
    run(config(kPreemptive, 2), [] {
      std::vector<Fiber> fibers;
      std::atomic<int> calls{0};
      for (unsigned index = 0; index < 8; ++index) {
        fibers.emplace_back([&calls, index] {
          for (unsigned round = 0; round < 500; ++round) {
            foreign_call([&] { spin((round * 7 + index) % 64 * 1'000); });
            foreign_call([&] { callback([&] { ++calls; }); });
            this_fiber::yield();
          }
        });
      }
      for (Fiber& fiber : fibers) fiber.join();
      EXPECT_EQ(calls, 8 * 500);
    });
  });
}

TEST_F(WithoutMembarrier, ThreadsCallBackAcrossRuns) {
  passes_in_child([] {
    take_membarrier_away();
    for (int round = 0; round < 20; ++round) {
      std::atomic<int> calls{0};
      run(config(kPreemptive, 1), [&] {
        std::vector<std::thread> threads;
        for (int index = 0; index < 4; ++index) {
          threads.emplace_back([&] {
            for (int call = 0; call < 50; ++call) callback([&] { ++calls; });
          });
        }
        blocking([&] {
          for (std::thread& thread : threads) thread.join();
        });
      });
      EXPECT_EQ(calls, 4 * 50);
    }
  });
}

}  // namespace
}  // namespace heddle::test
