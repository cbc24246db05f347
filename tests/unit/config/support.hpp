// What the tests of the configuration share: a process whose folders and environment are known.
#pragma once

#include "config/folders.hpp"

#include <heddle/config.hpp>

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

namespace heddle::config {

// Each test begins without any of our variables and with the folders below.
class ConfigTest : public testing::Test {
 protected:
  ConfigTest() {
    for (const char* name : kVariables) unsetenv(name);
    given() = {"/app/bin", "/app/lib", true, {}};
    apply_given();
  }

  ~ConfigTest() override {
    for (const char* name : kVariables) unsetenv(name);
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
    std::string pattern = (std::filesystem::temp_directory_path() / "heddle-config-XXXXXX").string();
    if (!mkdtemp(pattern.data())) throw std::runtime_error("no temporary folder could be made");
    path_ = pattern;
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
