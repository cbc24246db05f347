// The variables that override single keys.
#include "unit/config/support.hpp"

#include "config/environment.hpp"
#include "config/keys.hpp"

#include <algorithm>

namespace heddle::config {
namespace {

class EnvironmentTest : public ConfigTest {
 protected:
  static Config overridden() {
    Config config = parse("{\"scheduler\": {\"processors\": 2}}");
    apply_environment({native("/etc/app"), given()}, config);
    return config;
  }
  static std::string error() { return message_of(overridden); }
};

TEST_F(EnvironmentTest, NamesAVariableForEveryKey) {
  EXPECT_EQ(variable_of(*find_key("/preempter/strategy")), "HEDDLE_PREEMPTER_STRATEGY");
  EXPECT_EQ(variable_of(*find_key("/port_sha256")), "HEDDLE_PORT_SHA256");
  std::vector<std::string> names;
  for (const Key& key : keys()) names.push_back(variable_of(key));
  std::ranges::sort(names);
  EXPECT_EQ(std::ranges::adjacent_find(names), names.end()) << "two keys must not share a variable";
}

TEST_F(EnvironmentTest, OverridesEachType) {
  set_variable("HEDDLE_PORT", "./port.so");
  const std::string separator(1, list_separator());
  set_variable("HEDDLE_PORT_PATH", "ports" + separator + "${library_dir}/ports" + separator + "/opt/ports");
  set_variable("HEDDLE_PREEMPTER_STRATEGY", "none");
  set_variable("HEDDLE_PREEMPTER_QUANTUM", "1ms");
  set_variable("HEDDLE_SCHEDULER_PROCESSORS", "3");
  set_variable("HEDDLE_STACK_SIZE", "32KiB");
  set_variable("HEDDLE_STACK_GUARD", "false");
  set_variable("HEDDLE_STACK_RELEASE_AFTER", "never");
  const Config config = overridden();
  EXPECT_EQ(config.port, native("/etc/app/port.so"));
  EXPECT_EQ(value_of(config, "/port_path"),
            native("/etc/app/ports") + separator + native("/app/lib/ports") + separator + native("/opt/ports"));
  EXPECT_EQ(config.preempter.strategy, "none");
  EXPECT_EQ(config.preempter.quantum, std::chrono::milliseconds(1));
  EXPECT_EQ(config.scheduler.processors, 3u);
  EXPECT_EQ(config.stack.size, 32u << 10);
  EXPECT_FALSE(config.stack.guard);
  EXPECT_EQ(config.stack.release_after, kNever);
  EXPECT_EQ(config.origins.at("/scheduler/processors"), "HEDDLE_SCHEDULER_PROCESSORS");
  EXPECT_EQ(config.origins.at("/port_path"), "HEDDLE_PORT_PATH");
  EXPECT_EQ(config.origins.at("/preempter/resume"), "default");
  set_variable("HEDDLE_SCHEDULER_PROCESSORS", "auto");
  EXPECT_EQ(overridden().scheduler.processors, 0u);
}

TEST_F(EnvironmentTest, TakesAListOfNames) {
  const std::string separator(1, list_separator());
  set_variable("HEDDLE_PREEMPTER_DENY", "libfoo.so" + separator + "libbar");
  EXPECT_EQ(overridden().preempter.deny, (std::vector<std::string>{"libfoo.so", "libbar"}));
  set_variable("HEDDLE_PREEMPTER_DENY", "libfoo.so" + separator + "lib/bar");
  EXPECT_EQ(error(),
            "environment variable HEDDLE_PREEMPTER_DENY: /preempter/deny/1: wanted the name of a file, without "
            "folders, found "
            "\"lib/bar\"");
  unset_variable("HEDDLE_PREEMPTER_DENY");
}

TEST_F(EnvironmentTest, TakesAnEmptyVariableAsNotSet) {
  set_variable("HEDDLE_SCHEDULER_PROCESSORS", "");
  const Config config = overridden();
  EXPECT_EQ(config.scheduler.processors, 2u);
  EXPECT_EQ(config.origins.at("/scheduler/processors"), "runtime.json:1");
}

TEST_F(EnvironmentTest, NamesTheVariableOfABadValue) {
  set_variable("HEDDLE_SCHEDULER_PROCESSORS", "many");
  EXPECT_EQ(error(),
            "environment variable HEDDLE_SCHEDULER_PROCESSORS: /scheduler/processors: wanted \"auto\" or a whole "
            "number from 1 to "
            "1024, found \"many\"");
  set_variable("HEDDLE_SCHEDULER_PROCESSORS", "4");
  set_variable("HEDDLE_STACK_GUARD", "yes");
  EXPECT_EQ(error(), "environment variable HEDDLE_STACK_GUARD: /stack/guard: wanted true or false, found \"yes\"");
  unset_variable("HEDDLE_STACK_GUARD");
  set_variable("HEDDLE_PORT_PATH", std::string("ports") + list_separator());
  EXPECT_EQ(error(), "environment variable HEDDLE_PORT_PATH: /port_path/1: wanted the path of a folder, found \"\"");
}

TEST_F(EnvironmentTest, RefusesAMistypedVariable) {
  given().variables = {"PATH", "HEDDLE_PREEMTER_STRATEGY"};
  EXPECT_EQ(error(),
            "environment variable HEDDLE_PREEMTER_STRATEGY: no such variable; did you mean HEDDLE_PREEMPTER_STRATEGY?");
  given().variables = {"HEDDLE_CONFIGS"};
  EXPECT_EQ(error(), "environment variable HEDDLE_CONFIGS: no such variable; did you mean HEDDLE_CONFIG?");
}

TEST_F(EnvironmentTest, LeavesTheVariablesOfOthersAlone) {
  given().variables = {"HEDDLE_CONFIG", "HEDDLE_LOG",   "HEDDLE_PORT",  "HEDDLE_ROOT",
                       "HEDDLE_",       "heddle_ports", "XHEDDLE_PORTS"};
  EXPECT_EQ(overridden().scheduler.processors, 2u);
}

TEST_F(EnvironmentTest, IsIgnoredWhereItIsNotTrusted) {
  given().trust_environment = false;
  given().variables = {"HEDDLE_PORTS"};
  set_variable("HEDDLE_SCHEDULER_PROCESSORS", "many");
  EXPECT_EQ(overridden().scheduler.processors, 2u);
}

}  // namespace
}  // namespace heddle::config
