// Paths as Windows writes them: drives, both separators, shares, and letters beyond ASCII.
#include "unit/config/support.hpp"

#include "config/expand.hpp"
#include "config/keys.hpp"

#include <nlohmann/json.hpp>

namespace heddle::config {
namespace {

class WindowsPathTest : public ConfigTest {
 protected:
  static std::string port(const std::string& path) { return parse_here(nlohmann::json{{"port", path}}.dump()).port; }
  static Config parse_here(std::string_view text) {
    return Config::parse(text, "D:\\Programs and data\\app\\runtime.json");
  }
};

TEST_F(WindowsPathTest, TakesBothSeparators) {
  EXPECT_EQ(port("ports\\mine.dll"), "D:\\Programs and data\\app\\ports\\mine.dll");
  EXPECT_EQ(port("ports/mine.dll"), "D:\\Programs and data\\app\\ports\\mine.dll");
  EXPECT_EQ(port("${config_dir}/ports/mine.dll"), "D:\\Programs and data\\app\\ports\\mine.dll");
  EXPECT_EQ(port("..\\mine.dll"), "D:\\Programs and data\\app\\..\\mine.dll");
}

TEST_F(WindowsPathTest, TakesDrives) {
  EXPECT_EQ(port("C:\\x\\mine.dll"), "C:\\x\\mine.dll");
  EXPECT_EQ(port("c:/x/mine.dll"), "c:\\x\\mine.dll");
  EXPECT_EQ(port("\\x\\mine.dll"), "D:\\x\\mine.dll") << "the drive is that of the configuration";
}

TEST_F(WindowsPathTest, LeavesSharesAsTheyAre) {
  EXPECT_EQ(port("\\\\server\\share\\mine.dll"), "\\\\server\\share\\mine.dll");
  EXPECT_EQ(port("//server/share/mine.dll"), "//server/share/mine.dll");
  EXPECT_EQ(port("\\\\?\\C:\\x\\mine.dll"), "\\\\?\\C:\\x\\mine.dll");
  const Context share{"\\\\server\\share\\app", given()};
  EXPECT_EQ(text_of(resolve("ports", share)), "\\\\server\\share\\app\\ports");
}

TEST_F(WindowsPathTest, SeparatesFoldersBySemicolons) {
  set_variable("HEDDLE_PORT_PATH", "C:\\a b;d:/e");
  EXPECT_EQ(value_of(Config::defaults(), "/port_path"), "C:\\a b;d:\\e");
}

TEST_F(WindowsPathTest, KeepsLettersBeyondAscii) {
  const std::string file = "C:\\Users\\J\xc3\xbcrgen\\\xe6\x97\xa5\xe6\x9c\xac\\mine.dll";
  EXPECT_EQ(port(file), file);
  const TemporaryFolder folder;
  const auto inner = folder.path() / base::path_of("\xe6\x97\xa5\xe6\x9c\xac");
  std::filesystem::create_directory(inner);
  std::ofstream(inner / "runtime.json") << R"({"port": "from-file"})";
  EXPECT_EQ(Config::load(inner / "runtime.json").port, "from-file");
  EXPECT_EQ(message_of([&] { Config::load(inner / "none.json"); }), text_of(inner / "none.json") + ": no such file");
}

TEST_F(WindowsPathTest, RefusesAVariableInAnotherEncoding) {
  set_variable("HEDDLE_PORT", "C:\\J\xfcrgen\\mine.dll");
  EXPECT_EQ(
      message_of(Config::defaults),
      "environment variable HEDDLE_PORT: /port: wanted a path in UTF-8, found \"C:\\\\J\xef\xbf\xbdrgen\\\\mine.dll\" "
      "in another encoding");
  set_variable("HEDDLE_CONFIG", "C:\\J\xfcrgen.json");
  EXPECT_EQ(message_of(Config::find).substr(0, 34), "environment variable HEDDLE_CONFIG");
}

}  // namespace
}  // namespace heddle::config
