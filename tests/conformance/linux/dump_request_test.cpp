// DumpRequest: SIGQUIT is reported by name while it is watched for, and belongs to the program else.
#include <atomic>
#include <csignal>
#include <cstring>
#include <thread>

#include "conformance/fixture.hpp"

namespace conformance {
namespace {

std::atomic<int> asked{0};

void note(const char* event) {
  if (strcmp(event, "SIGQUIT") == 0) ++asked;
}

void (*handler())(int) {
  struct sigaction action {};
  sigaction(SIGQUIT, nullptr, &action);
  return action.sa_handler;
}

class DumpRequest : public Conformance {};

TEST_F(DumpRequest, ReportsEachSigquitUntilItIsTakenBack) {
  ASSERT_NE(dump_request, nullptr);
  for (int round = 0; round < 3; ++round) {
    asked = 0;
    ASSERT_EQ(dump_request->watch(note), HEDDLE_OK);
    raise(SIGQUIT);
    while (asked == 0) std::this_thread::yield();
    std::thread([] { raise(SIGQUIT); }).join();
    while (asked == 1) std::this_thread::yield();
    dump_request->unwatch();
    EXPECT_EQ(asked, 2);
    EXPECT_EQ(handler(), SIG_DFL);
  }
}

TEST_F(DumpRequest, LeavesAHandlerOfTheProgramAlone) {
  ASSERT_NE(dump_request, nullptr);
  signal(SIGQUIT, SIG_IGN);
  EXPECT_EQ(dump_request->watch(note), HEDDLE_E_UNSUPPORTED);
  EXPECT_EQ(handler(), SIG_IGN);
  signal(SIGQUIT, SIG_DFL);
  ASSERT_EQ(dump_request->watch(note), HEDDLE_OK);
  signal(SIGQUIT, SIG_IGN);  // the program changes its mind
  dump_request->unwatch();
  EXPECT_EQ(handler(), SIG_IGN);
  signal(SIGQUIT, SIG_DFL);
}

}  // namespace
}  // namespace conformance
