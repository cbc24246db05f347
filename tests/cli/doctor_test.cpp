// What `heddle doctor` finds on a machine where all is well, and with parts that are ill.
#include "cli/command.hpp"

#include <gtest/gtest.h>

namespace heddle::test {
namespace {

constexpr int kOk = 0;
constexpr int kFault = 1;

const nlohmann::json* trial(const nlohmann::json& doctor, const std::string& name) {
  for (const auto& each : doctor.at("trials"))
    if (each.at("name") == name) return &each;
  return nullptr;
}

TEST(Doctor, FindsAPortThatWorks) {
  const Said said = heddle({"doctor", "--json"});
  EXPECT_EQ(said.status, kOk) << said.out << said.err;
  const nlohmann::json json = said.json();
  EXPECT_EQ(json.at("ok"), true);
  for (const char* name :
       {"configuration", "port", "ContextSwitcher", "TlsProvider", "VdsoCaller", "StackMemory", "stack guard",
        "stack growth", "CodeModules", "injected call", "foreign call", "callback", "foreign thread", "Preempter"}) {
    ASSERT_NE(trial(json, name), nullptr) << name;
    EXPECT_EQ(trial(json, name)->at("ok"), true) << name;
  }
}

TEST(Doctor, TriesTheConfiguredStrategyAndClock) {
  const nlohmann::json none = heddle({"doctor", "--json"}, {{"HEDDLE_PREEMPTER_STRATEGY", "none"}}).json();
  EXPECT_TRUE(holds(trial(none, "Preempter")->at("detail").get<std::string>(), "not interrupted, as configured"));
  EXPECT_TRUE(holds(trial(none, "injected call")->at("detail").get<std::string>(), "nothing is interrupted"));
  const nlohmann::json cooperative = heddle({"doctor", "--json"}, {{"HEDDLE_PREEMPTER_STRATEGY", "cooperative"}}).json();
  EXPECT_TRUE(holds(trial(cooperative, "Preempter")->at("detail").get<std::string>(), "at a checkpoint"));
  const nlohmann::json clock = heddle({"doctor", "--json"}, {{"HEDDLE_VDSO_CALLER", "syscall"}}).json();
  EXPECT_TRUE(holds(trial(clock, "VdsoCaller")->at("detail").get<std::string>(), "source syscall"));
}

TEST(Doctor, StopsAtAPortThatCannotBeLoaded) {
  const Folder folder;
  const Said said = heddle({"doctor", "--json"}, {{"HEDDLE_PORT_PATH", folder.path()}});
  EXPECT_EQ(said.status, kFault);
  const nlohmann::json json = said.json();
  EXPECT_EQ(json.at("ok"), false);
  EXPECT_EQ(trial(json, "port")->at("ok"), false);
  EXPECT_EQ(trial(json, "Preempter"), nullptr) << "without a port there is nothing to try";
}

TEST(Doctor, FindsAClockThatRunsBackwards) {
  const Said said = heddle({"doctor", "--json"}, {{"HEDDLE_VDSO_CALLER", CLOCK_BACKWARDS}});
  EXPECT_EQ(said.status, kFault);
  const nlohmann::json json = said.json();
  EXPECT_EQ(trial(json, "VdsoCaller")->at("ok"), false);
  EXPECT_TRUE(holds(trial(json, "VdsoCaller")->at("detail"), "the monotonic clock went back"));
  EXPECT_EQ(trial(json, "ContextSwitcher")->at("ok"), true) << "the other interfaces are none the worse";
}

TEST(Doctor, OutlivesAPortThatEndsItsProcess) {
  const Said said = heddle({"doctor", "--json"}, {{"HEDDLE_VDSO_CALLER", CLOCK_ABORTS}});
  EXPECT_EQ(said.status, kFault);
  const nlohmann::json json = said.json();
  EXPECT_TRUE(holds(trial(json, "VdsoCaller")->at("detail"), "did not get to the end"));
  EXPECT_EQ(trial(json, "StackMemory")->at("ok"), true) << "it goes on with what comes behind";
}

}  // namespace
}  // namespace heddle::test
