// FaultWatch: what has happened and where, before the signal takes its course or the program's handler has it; and a thread with its stack used up.
#include <csetjmp>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <thread>
#include <vector>

#include "conformance/fixture.hpp"

namespace conformance {
namespace {

HeddleFault noticed{};
sigjmp_buf before_fault;

// The signal would end the test; so its handler is left.
void note(const HeddleFault* fault) {
  noticed = *fault;
  siglongjmp(before_fault, 1);
}

bool handled_by_default(int number) {
  struct sigaction action {};
  sigaction(number, nullptr, &action);
  return action.sa_handler == SIG_DFL;
}

[[gnu::noinline]] void write_to(volatile int* where) {
  *where = 1;
}

// Calls itself until the stack is used up.
[[gnu::noinline]] int use_up(const volatile char* outer) {
  volatile char frame[512];
  frame[0] = outer == nullptr ? 0 : *outer;
  if (frame[0] != 0) return 0;
  const int deeper = use_up(frame);
  asm volatile("" ::: "memory");
  return deeper + frame[0];
}

stack_t alternate_stack() {
  stack_t now{};
  sigaltstack(nullptr, &now);
  return now;
}

class FaultWatch : public Conformance {};

TEST_F(FaultWatch, TellsOfAFaultUntilItIsTakenBack) {
  ASSERT_NE(fault_watch, nullptr);
  for (int round = 0; round < 3; ++round) {
    ASSERT_EQ(fault_watch->watch(note), HEDDLE_OK);
    auto* nowhere = reinterpret_cast<volatile int*>(std::uintptr_t{16});
    if (sigsetjmp(before_fault, 1) == 0) write_to(nowhere);
    EXPECT_STREQ(noticed.name, "SIGSEGV");
    EXPECT_EQ(noticed.flags, HEDDLE_FAULT_HAS_ADDRESS);
    EXPECT_EQ(noticed.address, 16u);
    const auto function = reinterpret_cast<std::uintptr_t>(&write_to);
    EXPECT_LT(noticed.at.pc - function, 64u);
    EXPECT_NE(noticed.at.sp, 0u);
    fault_watch->unwatch();
    EXPECT_TRUE(handled_by_default(SIGSEGV));
  }
}

TEST_F(FaultWatch, TellsWhatWasSent) {
  ASSERT_NE(fault_watch, nullptr);
  ASSERT_EQ(fault_watch->watch(note), HEDDLE_OK);
  for (const auto& [number, name] : {std::pair{SIGBUS, "SIGBUS"}, {SIGFPE, "SIGFPE"}, {SIGILL, "SIGILL"}}) {
    if (sigsetjmp(before_fault, 1) == 0) raise(number);
    EXPECT_STREQ(noticed.name, name);
    EXPECT_EQ(noticed.flags, HEDDLE_FAULT_WAS_SENT) << name;
  }
  fault_watch->unwatch();
}

TEST_F(FaultWatch, LeavesOtherHandlersOfTheProgramAlone) {
  ASSERT_NE(fault_watch, nullptr);
  signal(SIGBUS, SIG_IGN);
  ASSERT_EQ(fault_watch->watch(note), HEDDLE_OK);
  EXPECT_FALSE(handled_by_default(SIGFPE));
  struct sigaction action {};
  sigaction(SIGBUS, nullptr, &action);
  EXPECT_EQ(action.sa_handler, SIG_IGN);
  signal(SIGFPE, SIG_IGN);  // the program changes its mind
  signal(SIGSEGV, SIG_IGN);
  fault_watch->unwatch();
  for (const int number : {SIGFPE, SIGSEGV}) {
    sigaction(number, nullptr, &action);
    EXPECT_EQ(action.sa_handler, SIG_IGN);
    signal(number, SIG_DFL);
  }
  signal(SIGBUS, SIG_DFL);
}

int times = 0;

void note_and_return(const HeddleFault* fault) {
  ++times;
  noticed = *fault;
}

int handled = 0;
siginfo_t handled_info{};

void handler_of_the_program(int, siginfo_t* info, void*) {
  ++handled;
  handled_info = *info;
  siglongjmp(before_fault, 1);
}

TEST_F(FaultWatch, TellsFirstAndThenTheProgramsHandlerHasIt) {
  ASSERT_NE(fault_watch, nullptr);
  struct sigaction action {};
  action.sa_flags = SA_SIGINFO;
  action.sa_sigaction = handler_of_the_program;
  sigaddset(&action.sa_mask, SIGUSR1);
  sigaction(SIGSEGV, &action, nullptr);
  times = handled = 0;
  ASSERT_EQ(fault_watch->watch(note_and_return), HEDDLE_OK);
  for (int round = 1; round <= 100; ++round) {
    if (sigsetjmp(before_fault, 1) == 0) write_to(reinterpret_cast<volatile int*>(std::uintptr_t{16}));
    ASSERT_EQ(times, round);
    ASSERT_EQ(handled, round);
  }
  EXPECT_EQ(noticed.flags, HEDDLE_FAULT_HAS_ADDRESS | HEDDLE_FAULT_MAY_BE_HANDLED);
  EXPECT_EQ(handled_info.si_addr, reinterpret_cast<void*>(16));
  fault_watch->unwatch();
  struct sigaction after {};
  sigaction(SIGSEGV, nullptr, &after);
  EXPECT_EQ(after.sa_sigaction, handler_of_the_program);
  EXPECT_EQ(after.sa_flags & (SA_SIGINFO | SA_ONSTACK), SA_SIGINFO);
  EXPECT_EQ(sigismember(&after.sa_mask, SIGUSR1), 1);
  EXPECT_EQ(sigismember(&after.sa_mask, SIGUSR2), 0);
  signal(SIGSEGV, SIG_DFL);
}

// Which needs another stack, and a page that nobody has below this one.
TEST_F(FaultWatch, TellsOfAStackThatIsUsedUp) {
  ASSERT_NE(fault_watch, nullptr);
  ASSERT_EQ(fault_watch->watch(note), HEDDLE_OK);
  std::thread([this] {
    HeddleThread thread{};
    ASSERT_EQ(tls->bind(&thread), HEDDLE_OK);
    ASSERT_EQ(fault_watch->enter(&thread), HEDDLE_OK);
    if (sigsetjmp(before_fault, 1) == 0) use_up(nullptr);
    EXPECT_STREQ(noticed.name, "SIGSEGV");
    EXPECT_LT(noticed.address, thread.system_lo);
    EXPECT_GE(noticed.address, thread.system_lo - (64 << 10));
    fault_watch->leave(&thread);
    tls->clear();
  }).join();
  fault_watch->unwatch();
}

TEST_F(FaultWatch, GivesAThreadASignalStackAndTakesItAway) {
  ASSERT_NE(fault_watch, nullptr);
  std::thread([this] {
    HeddleThread thread{};
    ASSERT_EQ(tls->bind(&thread), HEDDLE_OK);
    for (int round = 0; round < 3; ++round) {
      ASSERT_EQ(fault_watch->enter(&thread), HEDDLE_OK);
      const stack_t inside = alternate_stack();
      EXPECT_EQ(inside.ss_flags & SS_DISABLE, 0);
      EXPECT_GE(inside.ss_size, std::size_t{32} << 10);
      EXPECT_NE(thread.fault_watch_data, nullptr);
      fault_watch->leave(&thread);
      EXPECT_NE(alternate_stack().ss_flags & SS_DISABLE, 0);
      EXPECT_EQ(thread.fault_watch_data, nullptr);
      fault_watch->leave(&thread);  // nothing is left to do
    }
    tls->clear();
  }).join();
}

TEST_F(FaultWatch, LeavesASignalStackThatIsLargeEnoughAlone) {
  ASSERT_NE(fault_watch, nullptr);
  std::thread([this] {
    HeddleThread thread{};
    ASSERT_EQ(tls->bind(&thread), HEDDLE_OK);
    std::vector<char> memory(256 << 10);
    stack_t own{};
    own.ss_sp = memory.data();
    own.ss_size = memory.size();
    ASSERT_EQ(sigaltstack(&own, nullptr), 0);
    ASSERT_EQ(fault_watch->enter(&thread), HEDDLE_OK);
    EXPECT_EQ(alternate_stack().ss_sp, own.ss_sp);
    fault_watch->leave(&thread);
    EXPECT_EQ(alternate_stack().ss_sp, own.ss_sp);
    // What the program sets while it has ours stays.
    own.ss_flags = SS_DISABLE;
    sigaltstack(&own, nullptr);
    ASSERT_EQ(fault_watch->enter(&thread), HEDDLE_OK);
    own.ss_flags = 0;
    sigaltstack(&own, nullptr);
    fault_watch->leave(&thread);
    EXPECT_EQ(alternate_stack().ss_sp, own.ss_sp);
    own.ss_flags = SS_DISABLE;
    sigaltstack(&own, nullptr);
    tls->clear();
  }).join();
}

}  // namespace
}  // namespace conformance
