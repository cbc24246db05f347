// VdsoCaller: that the vDSO is really used, and what a signal handler sees of a call.
#include <link.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstddef>
#include <ctime>

#include "conformance/worker.hpp"

namespace conformance {
namespace {

using Vdso = Conformance;

bool machine_has_vdso() {
  return getauxval(AT_SYSINFO_EHDR) != 0;
}

TEST_F(Vdso, SourcesAreWhatTheyClaim) {
  EXPECT_STREQ(system_call->source, "syscall");
  EXPECT_STREQ(vdso->source, machine_has_vdso() ? "vdso" : "syscall");
}

TEST_F(Vdso, BothSourcesTellTheSameTime) {
  for (int i = 0; i < 1000; ++i) {
    const int64_t before = system_call->monotonic_ns();
    const int64_t between = vdso->monotonic_ns();
    const int64_t after = system_call->monotonic_ns();
    ASSERT_LE(before, between);
    ASSERT_LE(between, after);
  }
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  EXPECT_NEAR(static_cast<double>(vdso->monotonic_ns()), now.tv_sec * 1e9 + now.tv_nsec, 5e9);
  clock_gettime(CLOCK_REALTIME, &now);
  EXPECT_NEAR(static_cast<double>(vdso->realtime_ns()), now.tv_sec * 1e9 + now.tv_nsec, 5e9);
  EXPECT_NEAR(static_cast<double>(system_call->realtime_ns()), now.tv_sec * 1e9 + now.tv_nsec, 5e9);
}

int system_calls;
void count_system_call(int) {
  ++system_calls;
}

// The call that the port makes: the one with 64-bit seconds where there are two.
#ifdef SYS_clock_gettime64
constexpr unsigned kClockCall = SYS_clock_gettime64;
#else
constexpr unsigned kClockCall = SYS_clock_gettime;
#endif

// How many clock system calls 100 readings cost, in this process from now on.
int count_system_calls(const HeddleVdsoCaller* source) {
  system_calls = 0;
  for (int i = 0; i < 50; ++i) {
    source->monotonic_ns();
    source->realtime_ns();
  }
  return system_calls;
}

TEST_F(Vdso, TheVdsoIsReallyUsed) {
  if (!machine_has_vdso()) GTEST_SKIP() << "this machine has no vDSO";
  if (emulated()) GTEST_SKIP() << "the emulator has no seccomp filters";
  const ChildResult result = run_in_child([this] {
    signal(SIGSYS, count_system_call);
    sock_filter filter[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
                            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kClockCall, 0, 1),
                            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    const sock_fprog program{4, filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return 100;
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) return 101;
    if (count_system_calls(system_call) != 100) return 102;  // the counter counts
    return count_system_calls(vdso);
  });
  EXPECT_EQ(result.fatal, 0u);
  EXPECT_LT(result.exit_status, 10);
}

TEST_F(Vdso, ContainsIsExact) {
  const uintptr_t base = getauxval(AT_SYSINFO_EHDR);
  if (base == 0) {
    EXPECT_EQ(vdso->contains(reinterpret_cast<uintptr_t>(&system_calls)), 0);
    return;
  }
  const auto* header = reinterpret_cast<const ElfW(Ehdr)*>(base);
  const auto* segment = reinterpret_cast<const ElfW(Phdr)*>(base + header->e_phoff);
  while (segment->p_type != PT_LOAD) ++segment;
  const uintptr_t end = base + segment->p_memsz;
  for (const HeddleVdsoCaller* source : {vdso, system_call}) {
    EXPECT_EQ(source->contains(base - 1), 0);
    EXPECT_EQ(source->contains(base), 1);
    EXPECT_EQ(source->contains(end - 1), 1);
    EXPECT_EQ(source->contains(end), 0);
    EXPECT_EQ(source->contains(0), 0);
  }
}

TEST_F(Vdso, SymbolsAreFoundByName) {
  if (!machine_has_vdso()) return;
  const void* clock = nullptr;
  for (const char* name : {"__vdso_clock_gettime", "__kernel_clock_gettime"}) {
    if (clock == nullptr) clock = vdso->symbol(name);
  }
  ASSERT_NE(clock, nullptr);
  EXPECT_EQ(vdso->contains(reinterpret_cast<uintptr_t>(clock)), 1);
}

// What the handler saw. Handlers may not report failures themselves.
struct Seen {
  const HeddleVdsoCaller* clock;
  Worker* worker;
  std::atomic<uint64_t> in_vdso{0};
  uint64_t wrong_fiber = 0, wrong_stack = 0, wrong_caller = 0, not_restored = 0, backwards = 0;
};
Seen* seen;

int32_t look_at_call(HeddleThread*, void* context) {
  HeddleThread& thread = seen->worker->thread;
  HeddleRegisters at{};
  seen->worker->preempter()->locate(context, &at);
  const uintptr_t pc = thread.vdso_pc, sp = thread.vdso_sp;
  void* const word = *reinterpret_cast<void**>(thread.signal_lo);
  if (seen->clock->contains(at.pc) != 0) {
    ++seen->in_vdso;
    if (word != thread.fiber) ++seen->wrong_fiber;
    if (at.sp < thread.system_lo || at.sp >= thread.system_hi) ++seen->wrong_stack;
    if (pc == 0 || !seen->worker->stack.contains(sp)) ++seen->wrong_caller;
  }
  int64_t last = 0;
  for (int i = 0; i < 3; ++i) {
    const int64_t now = i % 2 == 0 ? seen->clock->monotonic_ns() : seen->clock->realtime_ns();
    if (i == 2 && now < last) ++seen->backwards;
    if (i == 0) last = now;
  }
  if (*reinterpret_cast<void**>(thread.signal_lo) != word) ++seen->not_restored;
  if (thread.vdso_pc != pc || thread.vdso_sp != sp) ++seen->not_restored;
  return 0;
}

TEST_F(Vdso, AHandlerInTheMiddleFindsTheFiberAndReadsTheClockItself) {
  if (!machine_has_vdso()) GTEST_SKIP() << "this machine has no vDSO";
  constexpr uint64_t kHits = 2000;
  Worker worker(switcher, tls, preempter);
  Seen all{vdso, &worker};
  seen = &all;
  core.deliver = look_at_call;
  uint64_t backwards = 0, not_cleared = 0, turns = 0;
  worker.run([&] {
    int64_t last = vdso->monotonic_ns();
    for (; all.in_vdso < kHits; ++turns) {
      const int64_t now = vdso->monotonic_ns();
      if (now < last || now - last > 100'000'000'000) ++backwards;
      last = now;
      if (*reinterpret_cast<void**>(worker.thread.signal_lo) != nullptr || worker.thread.vdso_pc != 0) ++not_cleared;
    }
  });
  EXPECT_GT(turns, 0u);
  EXPECT_EQ(all.wrong_fiber, 0u);
  EXPECT_EQ(all.wrong_stack, 0u);
  EXPECT_EQ(all.wrong_caller, 0u);
  EXPECT_EQ(all.not_restored, 0u);
  EXPECT_EQ(all.backwards, 0u);
  EXPECT_EQ(backwards, 0u);
  EXPECT_EQ(not_cleared, 0u);
}

}  // namespace
}  // namespace conformance
