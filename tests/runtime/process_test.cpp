// Other programs started from fibers that are being interrupted, the way of the C library that every system has. fork() has a test of
// its own.
#include "runtime/child.hpp"
#include "runtime/scenario.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <atomic>
#include <cstdlib>
#include <string>
#include <vector>

namespace heddle::test {
namespace {

class Process : public testing::TestWithParam<Resume> {};

TEST_P(Process, ProgramsStartedFromFibersEndAsTheyShould) {
  passes_in_child(
      [] {
        std::atomic<int> right{0};
        run(config(kPreemptive, 3, GetParam()), [&] {
          std::atomic<bool> stop{false};
          std::vector<Fiber> busy;
          for (int i = 0; i < 3; ++i) {
            busy.emplace_back([&] {
              while (!stop) spin(1'000);
            });
          }
          std::vector<Fiber> starters;
          for (int starter = 1; starter <= 3; ++starter) {
            starters.emplace_back([&, starter] {
              for (int round = 0; round < 3; ++round) {
                const int code = 10 * starter + round;
                const int status = std::system(("exit " + std::to_string(code)).c_str());
                right += status == code || status == code << 8;  // POSIX has the exit code in the second byte
                spin(1'000'000);
              }
            });
          }
          starters.clear();
          stop = true;
        });
        EXPECT_EQ(right, 9);
      },
      std::chrono::seconds(60));
}

INSTANTIATE_TEST_SUITE_P(Resume, Process, testing::Values(Resume::kSameThread, Resume::kAnyThread), [](const auto& info) {
  return std::string(info.param == Resume::kSameThread ? "same_thread" : "any_thread");
});

}  // namespace
}  // namespace heddle::test
