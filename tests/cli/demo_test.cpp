// The demo shows what it claims: under `none` the ticker starves, under an interrupting strategy it does not, and the
// work is the same. Only the order of figures of one run is looked at, by a factor of ten, as the machine may be busy.
#include "cli/command.hpp"

#include <gtest/gtest.h>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace heddle::test {
namespace {

const std::map<std::string, std::string> kOneProcessor = {{"HEDDLE_SCHEDULER_PROCESSORS", "1"}};

// Text that deflate has something to do with: pseudo-random words of a fixed seed.
std::string words(std::size_t bytes) {
  std::string text;
  for (std::uint64_t state = 1; text.size() < bytes; state = state * 6364136223846793005U + 1442695040888963407U)
    text += std::to_string(state >> 50) + " ";
  return text;
}

const nlohmann::json& strategy(const nlohmann::json& demo, const std::string& name) {
  for (const auto& each : demo.at("strategies"))
    if (each.at("strategy") == name) return each;
  throw std::runtime_error("no strategy " + name);
}

TEST(Demo, ShowsWhatPreemptionDoes) {
  const Folder folder;
  const std::string input = folder.file("input", words(3 << 20));
  const std::string plot = folder.path() + "/plot.svg";
  const Said said = heddle({"demo", "--seconds", "1", "--json", "--svg", plot, input}, kOneProcessor);
  ASSERT_EQ(said.status, 0) << said.out << said.err;
  const nlohmann::json demo = said.json();
  const nlohmann::json& none = strategy(demo, "none");
  const nlohmann::json& best = demo.at("strategies").back();
  ASSERT_GE(demo.at("strategies").size(), 3U) << "the port has no strategy that interrupts";

  for (const nlohmann::json& each : demo.at("strategies")) {
    SCOPED_TRACE(each.dump());
    EXPECT_EQ(each.at("processors"), 1);
    EXPECT_EQ(each.at("fibers"), 2);
    EXPECT_EQ(each.at("blocks"), none.at("blocks"));
    EXPECT_EQ(each.at("bytes"), none.at("bytes"));
    EXPECT_EQ(each.at("verified_blocks"), each.at("blocks"));
    std::uint64_t ticks = 0;
    for (const auto& bucket : each.at("lateness_ns").at("histogram")) ticks += bucket.at("ticks").get<std::uint64_t>();
    EXPECT_EQ(each.at("lateness_ns").at("ticks"), ticks);
  }
  EXPECT_EQ(none.at("preemptions"), 0);
  EXPECT_EQ(none.at("checkpoint_preemptions"), 0);
  EXPECT_EQ(none.at("throughput_of_none"), 1.0);
  EXPECT_GT(best.at("preemptions"), 0);
  EXPECT_GT(strategy(demo, "cooperative").at("checkpoint_preemptions"), 0);
  const auto late = [](const nlohmann::json& of, const char* what) {
    return of.at("lateness_ns").at(what).get<std::int64_t>();
  };
  EXPECT_LT(10 * late(best, "p50"), late(none, "p50")) << said.out;
  EXPECT_LT(late(best, "p99"), late(none, "p99")) << said.out;
  EXPECT_GE(static_cast<double>(late(none, "max")), 0.9e9 * none.at("seconds").get<double>())
      << "none must starve the ticker to the end";

  std::ifstream in(plot);
  const std::string svg(std::istreambuf_iterator<char>(in), {});
  EXPECT_TRUE(svg.starts_with("<svg "));
  EXPECT_TRUE(svg.ends_with("</svg>\n"));
  for (const nlohmann::json& each : demo.at("strategies"))
    EXPECT_TRUE(holds(svg, ">" + each.at("strategy").get<std::string>() + "<"));
}

TEST(Demo, PrintsATableAndWhatToSee) {
  const Folder folder;
  const Said said = heddle({"demo", "--seconds", "0.3", folder.file("input", words(1 << 20))}, kOneProcessor);
  ASSERT_EQ(said.status, 0) << said.out << said.err;
  EXPECT_TRUE(holds(said.out, "OF NONE"));
  EXPECT_TRUE(holds(said.out, "\nnone: nothing stops a fiber that computes"));
  EXPECT_FALSE(holds(said.out, "\r")) << "progress belongs on a terminal";
}

TEST(Demo, RunsTheStrategiesThatAreChosenEachOnce) {
  const Folder folder;
  const Said said = heddle({"demo", "--seconds", "0.3", "--json", "--strategy", "cooperative", "--strategy", "none",
                            "--strategy=none", folder.file("input", words(1 << 20))},
                           kOneProcessor);
  ASSERT_EQ(said.status, 0) << said.out << said.err;
  const nlohmann::json demo = said.json();
  ASSERT_EQ(demo.at("strategies").size(), 2U);
  EXPECT_EQ(demo.at("strategies")[0].at("strategy"), "cooperative");
  EXPECT_EQ(demo.at("strategies")[1].at("strategy"), "none");
}

TEST(Demo, AStrategyThatIsNotThereHasNoResult) {
  const Folder folder;
  const Said said = heddle({"demo", "--seconds", "0.05", "--strategy", "telepathy", folder.file("input", "x")});
  EXPECT_EQ(said.status, 1);
  EXPECT_TRUE(holds(said.out, "\ntelepathy: no result."));
}

#ifdef STRATEGY_PLUGIN
TEST(Demo, ShowsALibrarysStrategyBesideThoseOfThePort) {
  const Folder folder;
  const std::string plot = folder.path() + "/plot.svg", input = folder.file("input", words(3 << 20));
  const std::string relative = std::filesystem::relative(STRATEGY_PLUGIN).string();
  const Said said = heddle(
      {"demo", "--seconds", "1", "--json", "--svg", plot, "--strategy", "all", "--strategy", relative, input}, kOneProcessor);
  ASSERT_EQ(said.status, 0) << said.out << said.err;
  const nlohmann::json demo = said.json();
  EXPECT_GE(demo.at("strategies").size(), 4U);
  const nlohmann::json& plugin = demo.at("strategies").back();
  EXPECT_TRUE(std::filesystem::equivalent(plugin.at("strategy").get<std::string>(), STRATEGY_PLUGIN));
  EXPECT_GT(plugin.at("preemptions"), 0);
  EXPECT_LT(10 * plugin.at("lateness_ns").at("p50").get<std::int64_t>(),
            strategy(demo, "none").at("lateness_ns").at("p50").get<std::int64_t>())
      << said.out;
  std::ifstream in(plot);
  EXPECT_TRUE(holds({std::istreambuf_iterator<char>(in), {}}, ">sigqueue.so<"));
}

TEST(Demo, ShowsALibraryByItsFileName) {
  const Folder folder;
  const Said said = heddle(
      {"demo", "--seconds", "0.3", "--strategy", STRATEGY_PLUGIN, folder.file("input", words(1 << 20))}, kOneProcessor);
  ASSERT_EQ(said.status, 0) << said.out << said.err;
  EXPECT_TRUE(holds(said.out, "\nsigqueue.so  "));
  EXPECT_TRUE(holds(said.out, "\nsigqueue.so: "));
}
#endif

TEST(Demo, RefusesWhatItCannotDeflate) {
  const Folder folder;
  for (const std::string& file : {folder.path() + "/none", folder.path(), folder.file("empty", "")}) {
    const Said said = heddle({"demo", file});
    EXPECT_EQ(said.status, 2) << file;
    EXPECT_TRUE(holds(said.err, file));
  }
  EXPECT_EQ(heddle({"demo", "--seconds", "0"}).status, 2);
}

TEST(Demo, SaysWhyAStrategyHasNoResult) {
  const Folder folder;
  const Said said = heddle({"demo-worker", "--blocks", "1", folder.file("input", "x")},
                           {{"HEDDLE_PREEMPTER_STRATEGY", "telepathy"}});
  EXPECT_EQ(said.status, 1);
  EXPECT_TRUE(holds(said.err, "telepathy"));
}

}  // namespace
}  // namespace heddle::test
