// Config::load, find and defaults: which file is read, and why one cannot be.
#include "unit/config/support.hpp"

#include "config/keys.hpp"

#include <cstdlib>
#include <stdexcept>

namespace heddle::config {
namespace {

class FileTest : public ConfigTest {
 protected:
  FileTest() {
    given().program = folder_.path();
    apply_given();
  }
  static std::string load_error(const std::filesystem::path& file) {
    return message_of([&] { Config::load(file); });
  }

  TemporaryFolder folder_;
};

TEST_F(FileTest, LoadsAFileAndThenTheEnvironment) {
  const auto file = folder_.write("x.json", "{\"port\": \"from-file\",\n\"stack\": {\"size\": \"16KiB\"}}");
  set_variable("HEDDLE_STACK_SIZE", "32KiB");
  const Config config = Config::load(file);
  EXPECT_EQ(config.port, "from-file");
  EXPECT_EQ(config.stack.size, 32u << 10);
  EXPECT_EQ(config.origins.at("/port"), "x.json:1");
  EXPECT_EQ(config.origins.at("/stack/size"), "HEDDLE_STACK_SIZE");
  EXPECT_EQ(config.port_path.at(0), folder_.path() / "../plugins");
}

TEST_F(FileTest, MakesARelativeFilesFolderAbsolute) {
  folder_.write("x.json", "{\"port_path\": [\"ports\"]}");
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(folder_.path());
  const Config config = Config::load("x.json");
  std::filesystem::current_path(before);
  ASSERT_TRUE(config.port_path.at(0).is_absolute());
  EXPECT_EQ(config.port_path.at(0).lexically_normal(), folder_.path() / "ports");
}

TEST_F(FileTest, ParseAsksForNoOverride) {
  set_variable("HEDDLE_PORT", "from-environment");
  EXPECT_EQ(parse("{}").port, "auto");
}

TEST_F(FileTest, DefaultsLieBesideTheProgram) {
  set_variable("HEDDLE_PORT", "from-environment");
  const Config config = Config::defaults();
  EXPECT_EQ(config.port, "from-environment");
  EXPECT_EQ(config.port_path, (std::vector<std::filesystem::path>{folder_.path() / "../plugins", native("/app/lib/heddle/ports"),
                                                                  native("/app/lib") + "/../plugins"}));
  EXPECT_EQ(config.origins.at("/port_path"), "default");
}

TEST_F(FileTest, DefaultsNameTheKeysThatDoNotGoTogether) {
  set_variable("HEDDLE_STACK_SIZE", "128MiB");
  EXPECT_EQ(
      message_of(Config::defaults),
      "built-in defaults: wanted a /stack/size of at most /stack/max_size, found 128MiB (HEDDLE_STACK_SIZE) and 64MiB "
      "(default); lower the first or raise the second");
}

TEST_F(FileTest, SaysThatTheFoldersAreNotKnown) {
  set_folders_source([]() -> Folders { throw PortError("nobody knows"); });
  EXPECT_EQ(message_of(Config::defaults), "the folders of this process: nobody knows");
  EXPECT_EQ(message_of(Config::find), "the folders of this process: nobody knows");
}

TEST_F(FileTest, FindPrefersTheVariableThenTheProgramsFolderThenDefaults) {
  EXPECT_EQ(Config::find().port, "auto");
  folder_.write("runtime.json", "{\"port\": \"beside-program\"}");
  EXPECT_EQ(Config::find().port, "beside-program");
  const auto named = folder_.write("named.json", "{\"port\": \"named\"}");
  set_variable("HEDDLE_CONFIG", text_of(named));
  EXPECT_EQ(Config::find().port, "named");
  given().trust_environment = false;
  apply_given();
  EXPECT_EQ(Config::find().port, "beside-program");
}

TEST_F(FileTest, FindSaysThatTheVariableNamedTheFile) {
  const std::string missing = text_of(folder_.path() / "missing.json");
  set_variable("HEDDLE_CONFIG", missing);
  EXPECT_EQ(message_of(Config::find), "environment variable HEDDLE_CONFIG: " + missing + ": no such file");
}

TEST_F(FileTest, FindRefusesABadFileBesideTheProgram) {
  const std::string bad = text_of(folder_.write("runtime.json", "{\"port\": 1}"));
  EXPECT_EQ(message_of(Config::find),
            bad + ":1: /port: wanted \"auto\", a port's id or the path of a library (with a / in it), found 1");
}

TEST_F(FileTest, SaysWhyAFileCannotBeRead) {
  const std::string missing = text_of(folder_.path() / "missing.json");
  EXPECT_EQ(load_error(missing), missing + ": no such file");
  EXPECT_EQ(load_error(folder_.path()), text_of(folder_.path()) + ": wanted a file, found a folder");
}

TEST_F(FileTest, RefusesAFileThatIsNoConfigurationBySize) {
  const std::string large = text_of(folder_.write("large.json", std::string((1 << 20) + 1, ' ')));
  EXPECT_EQ(load_error(large), large + ": wanted a file of at most 1MiB, found a larger one");
  const std::string largest = text_of(folder_.write("largest.json", "{}" + std::string((1 << 20) - 2, ' ')));
  EXPECT_EQ(Config::load(largest).port, "auto");
}

TEST_F(FileTest, RefusesAnEmptyFile) {
  const std::string empty = text_of(folder_.write("empty.json", ""));
  EXPECT_EQ(load_error(empty), empty + ": the file is empty; wanted a JSON object: {} takes every default");
}

}  // namespace
}  // namespace heddle::config
