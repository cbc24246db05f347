// DumpRequest: it can be watched for and taken back. Ctrl-Break itself goes to every process of a console, a test's neighbours included.
#include "conformance/fixture.hpp"

namespace conformance {
namespace {

class DumpRequest : public Conformance {};

TEST_F(DumpRequest, IsWatchedForAgainAndAgain) {
  ASSERT_NE(dump_request, nullptr);
  EXPECT_EQ(dump_request->threads, 0u);
  for (int round = 0; round < 3; ++round) {
    ASSERT_EQ(dump_request->watch([](const char*) {}), HEDDLE_OK);
    dump_request->unwatch();
  }
}

}  // namespace
}  // namespace conformance
