// Four fibers that loop for ever, one on each processor, and the dump that shows where each was stopped: whatever asks for the dump.
#pragma once

#include "runtime/child.hpp"
#include "runtime/named.hpp"
#include "runtime/scenario.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <atomic>
#include <chrono>
#include <string>

namespace heddle::test {

class DumpOfFourLoops : public testing::TestWithParam<Resume> {
 protected:
  /// ask() is what the operator does; the process ends with a dump that names the event.
  static void shown_on(const std::string& event, void (*ask)()) {
    const Outcome outcome = in_child(
        [ask] {
          run(config(kPreemptive, 4, GetParam()), [ask] {
            std::atomic<int> begun{0};
            for (const auto loop : kNamedLoops) Fiber([&begun, loop] { loop(begun); }).detach();
            while (begun < 4) this_fiber::yield();
            ask();
            for (;;) this_fiber::yield();
          });
        },
        std::chrono::seconds(30));
    EXPECT_EQ(outcome.exit_code, 2) << describe(outcome);
    EXPECT_TRUE(outcome.err.starts_with("heddle: " + event + ": the process ends with a dump of its fibers\nheddle: 5 fibers, 4 processors"))
        << describe(outcome);
    for (const char* name : kNamesOfLoops)
      EXPECT_NE(outcome.err.find(std::string("    at ") + name + "+0x"), std::string::npos) << describe(outcome);
  }
};

INSTANTIATE_TEST_SUITE_P(Of, DumpOfFourLoops, testing::Values(Resume::kSameThread, Resume::kAnyThread), [](const auto& info) {
  return std::string(info.param == Resume::kSameThread ? "same_thread" : "any_thread");
});

}  // namespace heddle::test
