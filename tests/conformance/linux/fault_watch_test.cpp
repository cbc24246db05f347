// FaultWatch: what has happened and where, before the signal takes its course; nothing of it while the program has a handler.
#include <csetjmp>
#include <csignal>
#include <cstdint>
#include <cstring>

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

TEST_F(FaultWatch, LeavesAHandlerOfTheProgramAlone) {
  ASSERT_NE(fault_watch, nullptr);
  signal(SIGSEGV, SIG_IGN);
  ASSERT_EQ(fault_watch->watch(note), HEDDLE_OK);
  EXPECT_FALSE(handled_by_default(SIGBUS));
  struct sigaction action {};
  sigaction(SIGSEGV, nullptr, &action);
  EXPECT_EQ(action.sa_handler, SIG_IGN);
  signal(SIGBUS, SIG_IGN);  // the program changes its mind
  fault_watch->unwatch();
  sigaction(SIGBUS, nullptr, &action);
  EXPECT_EQ(action.sa_handler, SIG_IGN);
  signal(SIGSEGV, SIG_DFL);
  signal(SIGBUS, SIG_DFL);
}

}  // namespace
}  // namespace conformance
