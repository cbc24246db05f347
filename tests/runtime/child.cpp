// in_child: the program started again by Boost.Process, its output in two files, and a watch that kills it at the
// limit.
//
// Files and polling instead of pipes and signals: a child that is killed or that writes without end cannot block the
// parent, and nothing here depends on the operating system.
#include "runtime/child.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <boost/dll/runtime_symbol_info.hpp>
#include <boost/process.hpp>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <system_error>
#include <thread>

namespace heddle::test {
namespace {

namespace process = boost::process;
using Clock = std::chrono::steady_clock;

constexpr const char* kChildVariable = "TEST_IN_CHILD";

std::string running_test() {
  const testing::TestInfo& test = *testing::UnitTest::GetInstance()->current_test_info();
  return std::string(test.test_suite_name()) + "." + test.name();
}

[[noreturn]] void run_body(const std::function<void()>& body) {
  try {
    body();
  } catch (const std::exception& error) {
    ADD_FAILURE() << "An exception left the scenario: " << error.what();
  }
  std::cout.flush();
  std::exit(testing::Test::HasFailure() ? 1 : 0);
}

/// The process runs no other test: whoever has started it, ctest as a rule, has put the scenario in a process of its own.
bool runs_alone() {
  return testing::UnitTest::GetInstance()->test_to_run_count() == 1;
}

/// A file of the parent's that takes one stream of the child and is removed when it has been read.
class Capture {
 public:
  explicit Capture(const char* stream) {
    static std::atomic<int> number{0};
    path_ = std::filesystem::temp_directory_path() / ("heddle-test-" + std::to_string(boost::this_process::get_id()) +
                                                      "-" + std::to_string(number++) + "-" + stream);
  }
  ~Capture() {
    std::error_code ignored;  // a file that stays behind is no reason to fail
    std::filesystem::remove(path_, ignored);
  }
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;

  const std::filesystem::path& path() const { return path_; }

  std::string text() const {
    std::ifstream in(path_);  // as text, whose lines end in two characters on Windows
    return {std::istreambuf_iterator<char>(in), {}};
  }

 private:
  std::filesystem::path path_;
};

/// Time limits are for a machine at full speed; HEDDLE_TIME_LIMIT_SCALE is how many times slower an emulated one may be.
int time_limit_scale() {
  const char* text = std::getenv("HEDDLE_TIME_LIMIT_SCALE");
  return text ? std::max(std::atoi(text), 1) : 1;
}

}  // namespace

Outcome in_child(const std::function<void()>& body, std::chrono::seconds limit) {
  if (std::getenv(kChildVariable)) run_body(body);

  const Capture out("out");
  const Capture err("err");
  process::child child(boost::dll::program_location().native(), "--gtest_filter=" + running_test(), "--gtest_color=no",
                       process::env[kChildVariable] = "1", process::std_in<process::null, process::std_out> out.path(),
                       process::std_err > err.path());
  const Clock::time_point deadline = Clock::now() + limit * time_limit_scale();
  Outcome outcome;
  while (child.running()) {
    if (Clock::now() >= deadline) {
      outcome.timed_out = true;
      child.terminate();
      break;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  child.wait();
  outcome.exit_code = child.exit_code();
  outcome.out = out.text();
  outcome.err = err.text();
  return outcome;
}

void passes_in_child(const std::function<void()>& body, std::chrono::seconds limit) {
  if (runs_alone()) run_body(body);
  const Outcome outcome = in_child(body, limit);
  EXPECT_TRUE(outcome.exit_code == 0 && !outcome.timed_out) << describe(outcome);
}

std::string describe(const Outcome& outcome) {
  const std::string end = outcome.timed_out ? "was killed at its time limit"
                                            : "ended with status " + std::to_string(outcome.exit_code);
  return "The child " + end + ".\n--- its output:\n" + outcome.out + "--- its errors:\n" + outcome.err + "---";
}

}  // namespace heddle::test
