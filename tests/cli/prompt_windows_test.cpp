// What a Windows prompt hands to `heddle`: backslashes, blanks, drives, and letters beyond ASCII.
#include "cli/command.hpp"

#include <gtest/gtest.h>
#include <algorithm>
#include <fstream>

namespace heddle::test {
namespace {

// In a folder of its own in `folder`; returns the path as UTF-8.
std::string configuration(const Folder& folder, const std::u8string& name) {
  const std::filesystem::path inner = std::filesystem::path(folder.path()) / name;
  std::filesystem::create_directory(inner);
  const std::filesystem::path file = inner / "runtime.json";
  std::ofstream(file) << R"({ "stack": { "size": "32KiB" }, "port_path": ["..\\ports"] })";
  const std::u8string text = file.u8string();
  return {text.begin(), text.end()};
}

std::string value(const nlohmann::json& config, const std::string& key) {
  for (const auto& each : config.at("values"))
    if (each.at("key") == key) return each.at("value");
  return "no such key";
}

void expect_read(const std::string& file, const Said& said) {
  ASSERT_EQ(said.status, 0) << said.err;
  EXPECT_EQ(value(said.json(), "/stack/size"), "32KiB");
  EXPECT_EQ(value(said.json(), "/port_path"), file.substr(0, file.rfind('\\')) + "\\..\\ports");
}

TEST(Prompt, TakesBlanksAndLettersBeyondAscii) {
  const Folder folder;
  for (const std::u8string& name : {std::u8string(u8"a b"), std::u8string(u8"J\u00fcrgen \u65e5\u672c")}) {
    const std::string file = configuration(folder, name);
    expect_read(file, heddle({"config", "--json", "--config", file}));
    expect_read(file, heddle({"config", "--json"}, {{"HEDDLE_CONFIG", file}}));
    EXPECT_EQ(heddle({"config", "--validate", file}).out, file + ": ok\n");
    EXPECT_EQ(heddle({"config", "--config", file + "x"}).err, "heddle: " + file + "x: no such file\n");
  }
}

TEST(Prompt, TakesPortsByEitherSeparator) {
  std::string path = heddle({"ports", "--json"}).json().at("ports").at(0).at("path");
  std::ranges::replace(path, '/', '\\');
  EXPECT_EQ(heddle({"doctor-trial", "port"}, {{"HEDDLE_PORT", path}}).status, 0);
  std::ranges::replace(path, '\\', '/');
  EXPECT_EQ(heddle({"doctor-trial", "port"}, {{"HEDDLE_PORT", path}}).status, 0);
}

TEST(Prompt, TakesASlashForAPath) {
  const Said said = heddle({"demo", "/no/such/file"});
  EXPECT_EQ(said.status, 2);
  EXPECT_TRUE(holds(said.err, "/no/such/file: cannot be read"));
}

// In a process of its own the demo hands its files on: they arrive whole.
TEST(Prompt, HandsPathsOnToItsChildren) {
  const Folder folder;
  const std::string file = configuration(folder, u8"a \u65e5");
  const Said said = heddle({"demo", "--seconds", "0.05", "--json", file}, {{"HEDDLE_SCHEDULER_PROCESSORS", "1"}});
  EXPECT_EQ(said.status, 0) << said.out << said.err;
  EXPECT_EQ(said.json().at("input").at("files").at(0), file);
}

}  // namespace
}  // namespace heddle::test
