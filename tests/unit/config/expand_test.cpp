// ${…} in strings, and relative paths.
#include "unit/config/support.hpp"

#include "config/expand.hpp"

namespace heddle::config {
namespace {

class ExpandTest : public ConfigTest {
 protected:
  std::string expanded(std::string_view text) const { return expand(text, {"/etc/app", given()}, "HERE"); }
  std::string error(std::string_view text) const {
    return message_of([&] { expanded(text); });
  }
};

TEST_F(ExpandTest, KnowsTheFolders) {
  EXPECT_EQ(expanded("${config_dir}/../plugins"), "/etc/app/../plugins");
  EXPECT_EQ(expanded("${library_dir}/heddle/ports"), native("/app/lib") + "/heddle/ports");
  EXPECT_EQ(expanded("${library_dir}${config_dir}"), native("/app/lib") + "/etc/app");
}

TEST_F(ExpandTest, KnowsTheEnvironment) {
  set_variable("HEDDLE_CONFIG_TEST_VALUE", "${config_dir}$$");
  EXPECT_EQ(expanded("<${env:HEDDLE_CONFIG_TEST_VALUE}>"), "<${config_dir}$$>")
      << "what is put in is not expanded again";
}

TEST_F(ExpandTest, TakesAnEmptyVariable) {
  set_variable("HEDDLE_CONFIG_TEST_VALUE", "");
  if (!std::getenv("HEDDLE_CONFIG_TEST_VALUE")) GTEST_SKIP() << "this system's variables are never empty";
  EXPECT_EQ(expanded("<${env:HEDDLE_CONFIG_TEST_VALUE}>"), "<>");
}

TEST_F(ExpandTest, LeavesOtherDollarsAlone) {
  EXPECT_EQ(expanded(""), "");
  EXPECT_EQ(expanded("$"), "$");
  EXPECT_EQ(expanded("$5 {}"), "$5 {}");
  EXPECT_EQ(expanded("$${config_dir}"), "${config_dir}");
  EXPECT_EQ(expanded("$$$$"), "$$");
}

TEST_F(ExpandTest, HasAnInverse) {
  for (const char* text : {"", "$", "$$", "${", "a${config_dir}b", "$x$", "}"})
    EXPECT_EQ(expanded(unexpanded(text)), text);
}

TEST_F(ExpandTest, RefusesAnUnknownName) {
  EXPECT_EQ(error("a/${home}/b"),
            "HERE: wanted ${config_dir}, ${library_dir} or ${env:NAME}, found ${home}; $$ stands for one $");
  EXPECT_EQ(error("${}"), "HERE: wanted ${config_dir}, ${library_dir} or ${env:NAME}, found ${}; $$ stands for one $");
  EXPECT_EQ(error("a${config_dir"), "HERE: wanted a } at the end of \"${config_dir\"; $$ stands for one $");
}

TEST_F(ExpandTest, RefusesAVariableThatIsNotSet) {
  EXPECT_EQ(error("${env:HEDDLE_CONFIG_TEST_VALUE}"),
            "HERE: ${env:HEDDLE_CONFIG_TEST_VALUE} stands for an environment variable that is not set; set it or write "
            "the value "
            "itself");
  using namespace std::string_view_literals;
  set_variable("HEDDLE_CONFIG_TEST_VALUE", "set");
  EXPECT_EQ(error("${env:HEDDLE_CONFIG_TEST_VALUE\0}"sv),
            "HERE: ${env:HEDDLE_CONFIG_TEST_VALUE\\u0000} stands for an environment variable that is not set; set it "
            "or write the "
            "value itself");
}

TEST_F(ExpandTest, RefusesTheEnvironmentWhereItIsNotTrusted) {
  set_variable("HEDDLE_CONFIG_TEST_VALUE", "set");
  given().trust_environment = false;
  EXPECT_EQ(
      error("${env:HEDDLE_CONFIG_TEST_VALUE}"),
      "HERE: ${env:HEDDLE_CONFIG_TEST_VALUE} cannot be used: the environment is ignored in a setuid process; write the "
      "value itself");
}

TEST_F(ExpandTest, RefusesALibraryFolderThatIsNotKnown) {
  given().library.clear();
  EXPECT_EQ(error("${library_dir}"),
            "HERE: ${library_dir} cannot be used: the folder of Heddle's library could not be found; write the folder "
            "itself");
}

TEST_F(ExpandTest, ResolvesPathsAgainstTheConfiguration) {
  const Context context{"/etc/app", given()};
  EXPECT_EQ(resolve("ports", context), "/etc/app/ports");
  EXPECT_EQ(resolve("./ports//x", context), "/etc/app/ports/x");
  EXPECT_EQ(resolve("/opt/./ports", context), "/opt/ports");
  EXPECT_EQ(resolve("../ports", context), "/etc/app/../ports")
      << "/etc/app may be a link: only the system knows its parent";
}

TEST_F(ExpandTest, TellsPathsFromWords) {
  EXPECT_TRUE(is_path("./port.so"));
  EXPECT_TRUE(is_path("/"));
  EXPECT_FALSE(is_path("port.so"));
  EXPECT_EQ(is_path(".\\port.so"), std::filesystem::path::preferred_separator == '\\');
  EXPECT_FALSE(is_path(""));
}

}  // namespace
}  // namespace heddle::config
