// FaultWatch: what has happened and where, behind a filter of the program's. Here the filter is called as the system would; a fault that is one
// ends the process, and is a scenario.
#include <windows.h>

#include <cstdint>

#include "conformance/fixture.hpp"

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

}  // namespace
}  // namespace conformance
