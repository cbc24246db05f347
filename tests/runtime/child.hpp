// Runs the rest of a test in a process of its own, so that a scenario may hang, crash or end the process without
// taking the test program along.
//
// The child is the same program started again with a filter that selects the running test; in it in_child() calls the
// body, in the parent it waits. So a scenario is written in the test that judges it, and can be debugged alone:
// TEST_IN_CHILD=1 test --gtest_filter=… Rejected: fork() without exec, which copies the threads' locks but not the
// threads, and does not exist on Windows; GoogleTest's death tests, which have no time limit.
#pragma once

#include <chrono>
#include <functional>
#include <string>

namespace heddle::test {

/// How a child process ended.
struct Outcome {
  int exit_code = 0;       ///< the exit status, or the number of the signal that ended the child
  bool timed_out = false;  ///< it was still running at the limit and was killed
  std::string out;         ///< all that it wrote to standard output
  std::string err;         ///< all that it wrote to standard error
};

/// Runs `body` in a child. There it ends the process when `body` returns: status 0, or 1 when an assertion failed.
/// REQUIRES: called once in a test, and from the thread that runs the test.
Outcome in_child(const std::function<void()>& body, std::chrono::seconds limit = std::chrono::seconds(10));

/// Runs `body` in a child and fails the test, with all that the child wrote, unless it returned within the limit
/// without a failure. In a process that runs this test alone, as ctest's do, that is the child, and who started it keeps the time:
/// to start another takes longer than most scenarios where an emulator runs it.
void passes_in_child(const std::function<void()>& body, std::chrono::seconds limit = std::chrono::seconds(10));

/// What the child wrote and how it ended, for a failure's message.
std::string describe(const Outcome& outcome);

}  // namespace heddle::test
