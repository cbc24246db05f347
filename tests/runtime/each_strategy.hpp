// EachStrategy: runs a scenario as the main fiber of a child process, under every strategy, on 1, 2 and 4 processors. WithStrategy: for those
// that begin run() themselves.
#pragma once

#include "runtime/child.hpp"
#include "runtime/scenario.hpp"

#include <heddle/run.hpp>

#include <gtest/gtest.h>
#include <chrono>
#include <functional>
#include <string>
#include <tuple>
#include <utility>

namespace heddle::test {

class EachStrategy : public testing::TestWithParam<std::tuple<std::string, std::uint32_t>> {
 protected:
  static void passes(const std::function<void()>& body, std::chrono::seconds limit = std::chrono::seconds(20)) {
    passes_in_child(
        [&] {
          const auto& [strategy, processors] = GetParam();
          Config eager = config(strategy, processors);
          eager.preempter.quantum = std::chrono::milliseconds(1);
          run(eager, body);
        },
        limit);
  }
};

class WithStrategy : public testing::TestWithParam<std::tuple<std::string, std::uint32_t>> {
 protected:
  static Config configured() { return config(std::get<0>(GetParam()), std::get<1>(GetParam())); }
};

inline auto each_strategy() {
  return testing::Combine(testing::Values("none", "cooperative", kPreemptive), testing::Values(1U, 2U, 4U));
}

inline auto none_and_preemptive() {
  return testing::Combine(testing::Values(std::string("none"), std::string(kPreemptive)), testing::Values(1U, 2U, 4U));
}

inline std::string strategy_name(const testing::TestParamInfo<EachStrategy::ParamType>& info) {
  return std::get<0>(info.param) + "_" + std::to_string(std::get<1>(info.param));
}

/// Runs `body` as the main fiber of one processor that nobody preempts: who runs when is then decided by the scenario
/// alone.
inline void on_one_processor(const std::function<void()>& body) {
  passes_in_child([&] { run(config("none", 1), body); });
}

/// What a broken precondition must lead to.
inline void ends_with_a_message(const std::function<void()>& body, const std::string& message) {
  const Outcome outcome = in_child(body);
  EXPECT_EQ(outcome.exit_code, 2) << describe(outcome);
  EXPECT_NE(outcome.err.find("heddle: fatal: " + message), std::string::npos) << describe(outcome);
}

}  // namespace heddle::test
