// What the tests of the configuration share: a process whose folders and environment are known, and paths as this system writes
// them.
#pragma once

#include "base/paths.hpp"
#include "config/folders.hpp"
#include "variables.hpp"

#include <heddle/config.hpp>

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace heddle::config {

using base::text_of;
using test::set_variable;
using test::unset_variable;

/// "/etc/app" as it is, or as "C:\etc\app" where paths look so.
inline std::string native(std::string_view path) {
  return text_of((std::filesystem::absolute("/") / path).make_preferred());
}

// Each test begins without any of our variables and with the folders below.
class ConfigTest : public testing::Test {
 protected:
  ConfigTest() {
    for (const char* name : kVariables) unset_variable(name);
    given() = {native("/app/bin"), native("/app/lib"), true, {}};
    apply_given();
  }

  ~ConfigTest() override {
    for (const char* name : kVariables) unset_variable(name);
    set_folders_source(nullptr);
  }

  static Folders& given() {
    static Folders folders;
    return folders;
  }
  static void apply_given() {
    set_folders_source([] { return given(); });
  }

  static Config parse(std::string_view text) { return Config::parse(text, "/etc/app/runtime.json"); }

  static constexpr const char* kVariables[] = {"HEDDLE_CONFIG",
                                               "HEDDLE_PORT",
                                               "HEDDLE_PORT_PATH",
                                               "HEDDLE_PREEMPTER_STRATEGY",
                                               "HEDDLE_PREEMPTER_QUANTUM",
                                               "HEDDLE_SCHEDULER_PROCESSORS",
                                               "HEDDLE_STACK_SIZE",
                                               "HEDDLE_STACK_GUARD",
                                               "HEDDLE_STACK_RELEASE_AFTER",
                                               "HEDDLE_CONFIG_TEST_VALUE"};
};

// What the ConfigError that `action` throws says.
template <typename Action>
std::string message_of(Action action) {
  try {
    action();
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "(no ConfigError was thrown)";
}

// A folder that is removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::random_device random;
    do {
      path_ = std::filesystem::temp_directory_path() / ("heddle-config-" + std::to_string(random()));
    } while (!std::filesystem::create_directory(path_));
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path write(const std::string& name, std::string_view text) const {
    std::ofstream(path_ / name, std::ios::binary) << text;
    return path_ / name;
  }

 private:
  std::filesystem::path path_;
};

}  // namespace heddle::config
