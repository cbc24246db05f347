// FaultWatch: what has happened and where, behind a filter of the program's. Here the filter is called as the system would; a fault that is one
// ends the process, and is a scenario. And a stack that is used up, which comes before everybody.
#include <windows.h>

#include <cstdint>

#include "conformance/fixture.hpp"
#include "conformance/windows/reserved_stack.hpp"

namespace conformance {
namespace {

int times = 0;
HeddleFault noticed{};

void note(const HeddleFault* fault) {
  ++times;
  noticed = *fault;
}

LONG verdict = EXCEPTION_CONTINUE_SEARCH;
int asked = 0;

LONG WINAPI filter_of_the_program(EXCEPTION_POINTERS*) {
  ++asked;
  return verdict;
}

LPTOP_LEVEL_EXCEPTION_FILTER installed() {
  const auto filter = SetUnhandledExceptionFilter(nullptr);
  SetUnhandledExceptionFilter(filter);
  return filter;
}

LONG happens(DWORD code) {
  EXCEPTION_RECORD record{};
  record.ExceptionCode = code;
  record.NumberParameters = 2;
  record.ExceptionInformation[1] = 16;
  CONTEXT context{};
  RtlCaptureContext(&context);
  EXCEPTION_POINTERS pointers{&record, &context};
  return installed()(&pointers);
}

class FaultWatch : public Conformance {};

TEST_F(FaultWatch, TellsOfAFaultBehindTheProgramsFilter) {
  ASSERT_NE(fault_watch, nullptr);
  const auto before = SetUnhandledExceptionFilter(filter_of_the_program);
  times = asked = 0;
  verdict = EXCEPTION_CONTINUE_SEARCH;
  ASSERT_EQ(fault_watch->watch(note), HEDDLE_OK);
  EXPECT_EQ(happens(EXCEPTION_ACCESS_VIOLATION), EXCEPTION_CONTINUE_SEARCH);
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(times, 1);
  EXPECT_EQ(noticed.flags, HEDDLE_FAULT_HAS_ADDRESS);
  EXPECT_EQ(noticed.address, 16u);
  EXPECT_NE(noticed.at.pc, 0u);
  EXPECT_STREQ(noticed.name, "access violation");
  EXPECT_EQ(happens(EXCEPTION_INT_DIVIDE_BY_ZERO), EXCEPTION_CONTINUE_SEARCH);
  EXPECT_EQ(times, 2);
  EXPECT_EQ(noticed.flags, 0u);
  fault_watch->unwatch();
  EXPECT_EQ(SetUnhandledExceptionFilter(before), filter_of_the_program);
}

TEST_F(FaultWatch, SaysNothingOfWhatTheProgramMends) {
  ASSERT_NE(fault_watch, nullptr);
  const auto before = SetUnhandledExceptionFilter(filter_of_the_program);
  times = asked = 0;
  verdict = EXCEPTION_CONTINUE_EXECUTION;
  ASSERT_EQ(fault_watch->watch(note), HEDDLE_OK);
  EXPECT_EQ(happens(EXCEPTION_ACCESS_VIOLATION), EXCEPTION_CONTINUE_EXECUTION);
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(times, 0);
  fault_watch->unwatch();
  SetUnhandledExceptionFilter(before);
}

TEST_F(FaultWatch, SaysNothingOfWhatALanguageThrows) {
  ASSERT_NE(fault_watch, nullptr);
  times = 0;
  ASSERT_EQ(fault_watch->watch(note), HEDDLE_OK);
  happens(0x20474343);  // GCC's code for throw
  EXPECT_EQ(times, 0);
  fault_watch->unwatch();
}

TEST_F(FaultWatch, LeavesALaterFilterOfTheProgramAlone) {
  ASSERT_NE(fault_watch, nullptr);
  ASSERT_EQ(fault_watch->watch(note), HEDDLE_OK);
  const auto ours = SetUnhandledExceptionFilter(filter_of_the_program);
  fault_watch->unwatch();
  EXPECT_EQ(installed(), filter_of_the_program);
  SetUnhandledExceptionFilter(nullptr);
  EXPECT_NE(ours, nullptr);
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

// More than what is left of the stack at once: the compiler touches it page by page before it moves the stack pointer.
[[gnu::noinline]] void use_up_at_once() {
  char frame[1 << 20];
  asm volatile("" : : "r"(frame) : "memory");
}

const ReservedStack* used_up = nullptr;
constexpr int kAllRight = 40;

// What was wrong, as the exit status of a child.
void note_overflow(const HeddleFault* fault) {
  int wrong = 0;
  if ((fault->flags & HEDDLE_FAULT_IS_OVERFLOW) == 0) wrong |= 1;
  if ((fault->flags & HEDDLE_FAULT_MAY_BE_HANDLED) == 0) wrong |= 2;
  if (!used_up->contains(fault->at.sp)) wrong |= 4;
  if (used_up->contains(reinterpret_cast<uintptr_t>(__builtin_frame_address(0)))) wrong |= 8;
  volatile char room[16 << 10];
  for (volatile char& byte : room) byte = 1;
  TerminateProcess(GetCurrentProcess(), kAllRight + wrong);
}

LONG WINAPI vectored_of_the_program(EXCEPTION_POINTERS*) {
  TerminateProcess(GetCurrentProcess(), 7);
  return EXCEPTION_CONTINUE_SEARCH;
}

TEST_F(FaultWatch, TellsOfAStackThatIsUsedUpBeforeTheProgramsHandlers) {
  ASSERT_NE(fault_watch, nullptr);
  for (const size_t kib : {16, 32, 64, 256}) {
    for (const bool at_once : {false, true}) {
      const ChildResult result = run_in_child([&] {
        HeddleThread thread{};
        if (tls->bind(&thread) != HEDDLE_OK || fault_watch->enter(&thread) != HEDDLE_OK) return 1;
        AddVectoredExceptionHandler(1, vectored_of_the_program);
        SetUnhandledExceptionFilter([](EXCEPTION_POINTERS* pointers) WINAPI { return vectored_of_the_program(pointers); });
        fault_watch->watch(note_overflow);
        const ReservedStack stack(stacks, kib << 10);
        used_up = &stack;
        Fiber fiber(switcher, static_cast<char*>(stack.lo()) + stacks->page_bytes, stack.hi(),
                    [at_once](Fiber&) { at_once ? use_up_at_once() : static_cast<void>(use_up(nullptr)); });
        fiber.enter();
        return 2;
      });
      EXPECT_EQ(result.exit_status, kAllRight) << kib << " KiB" << (at_once ? ", at once" : "");
    }
  }
}

void* closed_page = nullptr;

LONG WINAPI mend(EXCEPTION_POINTERS*) {
  ++asked;
  DWORD before = 0;
  VirtualProtect(closed_page, 1, PAGE_READWRITE, &before);
  return EXCEPTION_CONTINUE_EXECUTION;
}

TEST_F(FaultWatch, LeavesOtherFaultsToTheProgramsHandlers) {
  ASSERT_NE(fault_watch, nullptr);
  HeddleThread thread{};
  ASSERT_EQ(tls->bind(&thread), HEDDLE_OK);
  void* const handler = AddVectoredExceptionHandler(0, mend);
  closed_page = VirtualAlloc(nullptr, page_bytes(), MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
  times = asked = 0;
  ASSERT_EQ(fault_watch->watch(note), HEDDLE_OK);
  for (int round = 1; round <= 20; ++round) {
    DWORD before = 0;
    VirtualProtect(closed_page, 1, PAGE_NOACCESS, &before);
    *static_cast<volatile int*>(closed_page) = round;
    EXPECT_EQ(*static_cast<volatile int*>(closed_page), round);
    EXPECT_EQ(asked, round);
  }
  EXPECT_EQ(times, 0);
  fault_watch->unwatch();
  RemoveVectoredExceptionHandler(handler);
  VirtualFree(closed_page, 0, MEM_RELEASE);
  tls->clear();
}

}  // namespace
}  // namespace conformance
