// R53: with the source `vdso` the clock is read without a system call. A seccomp filter on the fiber's thread ends
// the process at the first clock_gettime; the source `syscall` shows that it does. See seccomp(2).
#include "runtime/child.hpp"
#include "runtime/scenario.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <array>
#include <csignal>
#include <cstddef>
#include <cstdlib>

namespace heddle::test {
namespace {

/// The call that the port makes: the one with 64-bit seconds where there are two.
#ifdef SYS_clock_gettime64
constexpr unsigned kClockCall = SYS_clock_gettime64;
#else
constexpr unsigned kClockCall = SYS_clock_gettime;
#endif

/// From here on clock_gettime kills the process with SIGSYS when the calling thread uses it.
void forbid_clock_calls() {
  std::array program{sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
                     sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kClockCall, 0, 1),
                     sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
                     sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  const sock_fprog filter{program.size(), program.data()};
  ASSERT_EQ(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
  ASSERT_EQ(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter), 0);
}

Outcome read_the_clock_a_hundred_times(const char* source) {
  return in_child([source] {
    Config configuration = config("none", 1);
    configuration.vdso_caller = source;
    run(configuration, [] {
      forbid_clock_calls();
      std::int64_t last = nanotime();
      for (int i = 0; i < 100; ++i) {
        const std::int64_t now = nanotime();
        EXPECT_GE(now, last);
        last = now;
        EXPECT_GT(walltime(), 0);
      }
    });
  });
}

/// Of the emulator of system calls that runs the test; see tests/machines/emulate.sh.
bool without_seccomp() {
  return std::getenv("HEDDLE_TEST_EMULATOR") != nullptr;
}

TEST(ClockSource, VdsoMakesNoSystemCall) {
  if (without_seccomp()) GTEST_SKIP() << "the emulator has no seccomp filters";
  const Outcome outcome = read_the_clock_a_hundred_times("vdso");
  EXPECT_EQ(outcome.exit_code, 0) << describe(outcome);
}

TEST(ClockSource, SyscallMakesOne) {
  if (without_seccomp()) GTEST_SKIP() << "the emulator has no seccomp filters";
  const Outcome outcome = read_the_clock_a_hundred_times("syscall");
  EXPECT_EQ(outcome.exit_code, SIGSYS) << describe(outcome);
}

}  // namespace
}  // namespace heddle::test
