// The command `heddle demo`: the same work under each strategy, in a process of its own each time, and the results side
// by side.
#include "base/paths.hpp"
#include "cli/child.hpp"
#include "cli/command.hpp"
#include "cli/demo_input.hpp"
#include "cli/demo_report.hpp"
#include "cli/host.hpp"
#include "cli/progress.hpp"
#include "port/loader.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace heddle::cli {

namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kStrategyVariable = "HEDDLE_PREEMPTER_STRATEGY";

struct PortFacts {
  std::vector<std::string> strategies;  ///< none, cooperative, those of the port, and the configured one
  std::vector<std::string> loaded;      ///< paths of the modules of this process
};

PortFacts ask_port(const Config& config) {
  const port::LoadedPort port = port::load(config, host(config));
  PortFacts facts{{"none", "cooperative"}, {}};
  const std::string prefix = std::string(HEDDLE_PREEMPTER_IID) + "#";
  for (const char* const* iid = port.descriptor->interfaces; *iid; ++iid)
    if (std::string_view(*iid).starts_with(prefix)) facts.strategies.emplace_back(*iid + prefix.size());
  // A library that the configuration names as a strategy is one more.
  const std::string& configured = config.preempter.strategy;
  if (configured != "default" && std::ranges::find(facts.strategies, configured) == facts.strategies.end())
    facts.strategies.push_back(configured);
  if (port.code_modules)
    port.code_modules->enumerate(
        [](const HeddleCodeModule* module, void* loaded) {
          static_cast<std::vector<std::string>*>(loaded)->emplace_back(module->path);
        },
        &facts.loaded);
  port::close(port);
  return facts;
}

// What `--strategy` says as the configuration does: the path of a library, which has a folder or an extension, is absolute
// there.
std::string configured_name(const std::string& strategy) {
  const std::filesystem::path path = base::path_of(strategy);
  const bool file = path.has_parent_path() || path.has_extension();
  return file ? base::text_of(std::filesystem::absolute(path)) : strategy;
}

// The strategies to run, each once.
std::vector<std::string> chosen(const DemoOptions& options, const PortFacts& facts) {
  if (options.strategies.empty()) return facts.strategies;
  std::vector<std::string> chosen;
  const auto add = [&chosen](const std::string& strategy) {
    if (std::ranges::find(chosen, strategy) == chosen.end()) chosen.push_back(strategy);
  };
  for (const std::string& strategy : options.strategies) {
    if (strategy == kAllStrategies)
      std::ranges::for_each(facts.strategies, add);
    else
      add(configured_name(strategy));
  }
  return chosen;
}

DemoResult run_strategy(const DemoOptions& options, const DemoSetting& setting, const std::string& strategy, Progress& progress) {
  Child child{.arguments = {std::string(kDemoWorker), "--blocks", std::to_string(setting.blocks)},
              .environment = {{kStrategyVariable, strategy}}};
  child.limit = std::chrono::seconds(60 + static_cast<int>(options.seconds * 30));
  if (!options.config_file.empty()) child.arguments.insert(child.arguments.end(), {"--config", options.config_file});
  if (progress.visible()) child.arguments.emplace_back("--progress");
  child.arguments.emplace_back("--");
  child.arguments.insert(child.arguments.end(), setting.files.begin(), setting.files.end());

  DemoResult result;
  bool reported = false;
  child.on_line = [&](std::string_view line) {
    if (!line.starts_with('{')) {
      std::uint64_t done = 0;
      std::from_chars(line.data(), line.data() + line.size(), done);
      progress.show("strategy " + strategy_label(strategy), static_cast<double>(done) / static_cast<double>(setting.blocks));
      return;
    }
    result = Json::parse(line).get<DemoResult>();
    reported = true;
  };
  const Ending ending = run_child(child);
  result.strategy = strategy;
  if (!reported || ending.status != 0)
    result.fault = "The process that ran it did not get to the end: " + explain(ending, child.limit);
  return result;
}

std::string demo_json(const DemoSetting& setting, const std::vector<DemoResult>& results) {
  Json strategies = Json::array();
  for (const DemoResult& result : results) strategies.push_back(summary(result, baseline(results)));
  const Json json = {{"tick_ns", kTickNs},
                     {"input", {{"files", setting.files}, {"bytes", setting.input_bytes}}},
                     {"work", {{"blocks", setting.blocks}, {"block_bytes", setting.block_bytes}}},
                     {"strategies", strategies}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

void write_svg(const std::string& file, const std::string& svg) {
  std::ofstream out(base::path_of(file), std::ios::binary);
  out << svg;
  if (!out.flush()) throw UsageError(file + ": cannot be written; give --svg a path in a folder that exists");
}

}  // namespace

int run_demo(const DemoOptions& options) {
  const Config config = configuration(options);
  const PortFacts facts = ask_port(config);
  DemoSetting setting{.files = options.files};
  if (setting.files.empty()) setting.files = default_files(facts.loaded);
  {
    const Input input = read_input(setting.files);
    setting.input_bytes = input.bytes;
    setting.block_bytes = std::ranges::max(input.blocks, {}, [](Block block) { return block.size(); }).size();
    setting.blocks = calibrate(input, config.scheduler.processors, options.seconds);
  }
  std::vector<DemoResult> results;
  {
    Progress progress;
    for (const std::string& strategy : chosen(options, facts))
      results.push_back(run_strategy(options, setting, strategy, progress));
  }
  if (!options.svg.empty()) write_svg(options.svg, demo_svg(setting, results));
  fmt::print("{}", options.json ? demo_json(setting, results) : demo_table(setting, results));
  return std::ranges::all_of(results, &DemoResult::ok) ? kOk : kFault;
}

}  // namespace heddle::cli
