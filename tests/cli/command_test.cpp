// What `heddle` and its commands print and how they end: figures aside, which the demo's test looks at.
#include "cli/command.hpp"

#include <gtest/gtest.h>
#include <algorithm>
#include <sstream>

namespace heddle::test {
namespace {

constexpr int kOk = 0;
constexpr int kFault = 1;
constexpr int kUsage = 2;

// Characters, not bytes.
std::size_t widest_line(const std::string& text) {
  std::size_t widest = 0;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);)
    widest = std::max<std::size_t>(widest, std::ranges::count_if(line, [](unsigned char c) { return (c & 0xc0) != 0x80; }));
  return widest;
}

TEST(Command, WithoutArgumentsPrintsItsHelp) {
  const Said said = heddle({});
  EXPECT_EQ(said.status, kOk);
  EXPECT_TRUE(holds(said.out, "Examples:"));
  for (const char* name : {"ports", "doctor", "config", "demo"})
    EXPECT_TRUE(holds(said.out, std::string("\n  ") + name));
  EXPECT_FALSE(holds(said.out, "demo-worker")) << "it is no command for users";
  EXPECT_EQ(heddle({"--help"}).out, said.out);
}

TEST(Command, EveryCommandHasHelpWithExamples) {
  for (const char* name : {"ports", "doctor", "config", "demo"}) {
    const Said said = heddle({name, "--help"});
    EXPECT_EQ(said.status, kOk) << name;
    EXPECT_TRUE(holds(said.out, "Examples:")) << name;
    EXPECT_TRUE(holds(said.out, "--config FILE")) << name;
  }
}

TEST(Command, TellsItsVersion) {
  const Said said = heddle({"--version"});
  EXPECT_EQ(said.status, kOk);
  EXPECT_TRUE(said.out.starts_with("heddle "));
}

TEST(Command, NamesTheNearestCommand) {
  const Said said = heddle({"docter"});
  EXPECT_EQ(said.status, kUsage);
  EXPECT_EQ(said.out, "");
  EXPECT_EQ(said.err, "heddle: there is no command \"docter\"; did you mean \"doctor\"?\n");
  EXPECT_TRUE(holds(heddle({"xylophone"}).err, "the commands are ports, doctor, config, demo"));
}

TEST(Command, RefusesAnUnknownOption) {
  const Said said = heddle({"ports", "--jason"});
  EXPECT_EQ(said.status, kUsage);
  EXPECT_TRUE(holds(said.err, "--jason"));
  EXPECT_TRUE(holds(said.err, "see `heddle ports --help`"));
}

TEST(Command, NamesTheMistakeOfAConfiguration) {
  const Folder folder;
  const std::string file = folder.file("runtime.json", "{\n  \"preempter\": { \"stratgy\": \"none\" }\n}\n");
  for (const char* name : {"ports", "doctor", "config", "demo"}) {
    const Said said = heddle({name, "--config", file});
    EXPECT_EQ(said.status, kUsage) << name;
    EXPECT_EQ(said.out, "") << name;
    EXPECT_TRUE(holds(said.err, file + ":2")) << name;
    EXPECT_TRUE(holds(said.err, "/preempter/stratgy")) << name;
    EXPECT_TRUE(holds(said.err, "strategy")) << name;
  }
}

TEST(Config, SaysWhereEachValueComesFrom) {
  const Folder folder;
  const std::string file = folder.file("runtime.json", "{\n  \"stack\": { \"size\": \"32KiB\" }\n}\n");
  const Said said = heddle({"config", "--config", file, "--json"}, {{"HEDDLE_PREEMPTER_QUANTUM", "7ms"}});
  ASSERT_EQ(said.status, kOk) << said.err;
  std::map<std::string, nlohmann::json> values;
  const nlohmann::json json = said.json();
  for (const auto& each : json.at("values")) values[each.at("key")] = each;
  EXPECT_EQ(values.at("/stack/size").at("value"), "32KiB");
  EXPECT_TRUE(holds(values.at("/stack/size").at("origin").get<std::string>(), "runtime.json:2"));
  EXPECT_EQ(values.at("/preempter/quantum").at("value"), "7ms");
  EXPECT_EQ(values.at("/preempter/quantum").at("origin"), "HEDDLE_PREEMPTER_QUANTUM");
  EXPECT_EQ(values.at("/stack/guard").at("origin"), "default");
  EXPECT_EQ(json.at("config").at("stack").at("size"), "32KiB");
}

TEST(Config, ValidatesAFile) {
  const Folder folder;
  const std::string good = folder.file("good.json", "{}");
  const Said fine = heddle({"config", "--validate", good}, {{"HEDDLE_STACK_SIZE", "nonsense"}});
  EXPECT_EQ(fine.status, kOk) << "the environment has no say: " << fine.out << fine.err;
  EXPECT_EQ(fine.out, good + ": ok\n");

  const std::string bad = folder.file("bad.json", "{ \"scheduler\": { \"processors\": \"many\" } }");
  const Said faulty = heddle({"config", "--validate", bad});
  EXPECT_EQ(faulty.status, kFault);
  EXPECT_TRUE(holds(faulty.out, "/scheduler/processors"));
  const nlohmann::json json = heddle({"config", "--validate", bad, "--json"}).json();
  EXPECT_EQ(json.at("ok"), false);
  EXPECT_TRUE(holds(json.at("error").get<std::string>(), "/scheduler/processors"));

  EXPECT_EQ(heddle({"config", "--validate", folder.path() + "/none.json"}).status, kUsage);
}

TEST(Ports, ListsWhatIsUsableAndWhyTheRestIsNot) {
  const Said usable = heddle({"ports", "--json"});
  ASSERT_EQ(usable.status, kOk) << usable.err;
  const nlohmann::json port = usable.json().at("ports").at(0);
  EXPECT_EQ(port.at("usable"), true);
  EXPECT_FALSE(port.at("interfaces").empty());
  EXPECT_LE(widest_line(heddle({"ports"}).out), 100U);

  const Folder folder;
  const auto library = std::filesystem::path(port.at("path").get<std::string>()).extension().string();
  folder.file("bogus" + library, "no library at all");
  const std::map<std::string, std::string> there = {{"HEDDLE_PORT_PATH", folder.path()}};
  const Said bogus = heddle({"ports", "--json"}, there);
  EXPECT_EQ(bogus.status, kFault);
  EXPECT_EQ(bogus.json().at("ports").at(0).at("usable"), false);
  EXPECT_NE(bogus.json().at("ports").at(0).at("reason"), "");
  EXPECT_LE(widest_line(heddle({"ports"}, there).out), 100U);
}

// The head of an ELF library, which is all that may be read of a port before it is known to be for this machine.
std::string elf_head(bool wide, char machine) {
  std::string head(64, '\0');
  head.replace(0, 7, {'\x7f', 'E', 'L', 'F', static_cast<char>(wide ? 2 : 1), 1, 1});
  head[16] = 3;  // a shared object
  head[18] = machine;
  return head;
}

TEST(Ports, SaysOfOthersWhichMachineTheyAreFor) {
  const std::string own = heddle({"ports", "--json"}).json().at("ports").at(0).at("id");
  const struct {
    const char* id;
    const char* target;
    std::string head;
  } all[] = {{"linux-amd64", "linux amd64", elf_head(true, 62)},
             {"linux-arm64", "linux arm64", elf_head(true, static_cast<char>(183))},
             {"linux-arm", "linux arm", elf_head(false, 40)}};
  for (const auto& other : all) {
    if (own == other.id) continue;
    const Folder folder;
    folder.file(std::string(other.id) + ".so", other.head);
    const Said said = heddle({"ports", "--json"}, {{"HEDDLE_PORT_PATH", folder.path()}});
    EXPECT_EQ(said.status, kFault);
    const nlohmann::json port = said.json().at("ports").at(0);
    EXPECT_EQ(port.at("id"), other.id);
    EXPECT_EQ(port.at("usable"), false);
    EXPECT_TRUE(holds(port.at("reason"), std::string("is for ") + other.target + ", and this program runs on "));
  }
}

TEST(Ports, NamesTheFoldersWhereNoneLies) {
  const Folder folder;
  const Said said = heddle({"ports"}, {{"HEDDLE_PORT_PATH", folder.path()}});
  EXPECT_EQ(said.status, kFault);
  EXPECT_TRUE(holds(said.out, folder.path()));
}

}  // namespace
}  // namespace heddle::test
