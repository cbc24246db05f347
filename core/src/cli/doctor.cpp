// The command `heddle doctor`: tries everything that a program would need, and says what is wrong.
#include "cli/doctor.hpp"

#include "cli/child.hpp"
#include "cli/command.hpp"
#include "cli/progress.hpp"
#include "cli/table.hpp"
#include "cli/text.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

namespace heddle::cli {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::chrono::seconds kLimit{20};  // a trial takes a fraction of a second

struct Named {
  std::string name;
  Finding finding;
};

std::string dump(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

Finding in_child(const Trial& trial, const Common& common) {
  Child child{.arguments = {std::string(kDoctorTrial), std::string(trial.name)}, .limit = kLimit};
  if (!common.config_file.empty()) child.arguments.insert(child.arguments.end(), {"--config", common.config_file});
  Json report;
  child.on_line = [&report](std::string_view line) { report = Json::parse(line, nullptr, false); };
  const Ending ending = run_child(child);
  if (ending.status == kGuardHeld) return {true, "a write below a stack faults at once"};
  if (!report.is_object())
    return {false, "the process that tried it did not get to the end: " + explain(ending, kLimit),
            "Run the trial alone in a debugger: heddle " + fmt::format("{}", fmt::join(child.arguments, " "))};
  return {report.value("ok", false), report.value("detail", ""), report.value("advice", "")};
}

std::vector<Named> examine(const Config& config, const Common& common) {
  std::vector<Named> findings = {{"configuration", {true, origins_summary(config)}}};
  Progress progress;
  double done = 0;
  for (const Trial& trial : trials()) {
    progress.show(trial.name, done++ / static_cast<double>(trials().size()));
    findings.push_back({std::string(trial.name), in_child(trial, common)});
    if (&trial == &trials().front() && !findings.back().finding.ok) break;
  }
  return findings;
}

void print_table(const std::vector<Named>& findings, std::ptrdiff_t faults) {
  Table table({{""}, {""}, {""}});
  for (const auto& [name, finding] : findings)
    table.add({name, finding.ok ? "ok" : "fault", finding.detail + (finding.advice.empty() ? "" : "\n" + finding.advice)});
  fmt::print("{}\n", table.text());
  if (faults == 0)
    fmt::print("Everything works.\n");
  else
    fmt::print("{} {} found.\n", faults, faults == 1 ? "fault" : "faults");
}

void print_json(const std::vector<Named>& findings, std::ptrdiff_t faults) {
  Json list = Json::array();
  for (const auto& [name, finding] : findings)
    list.push_back({{"name", name}, {"ok", finding.ok}, {"detail", finding.detail}, {"advice", finding.advice}});
  fmt::print("{}\n", dump({{"ok", faults == 0}, {"trials", list}}, 2));
}

}  // namespace

int run_doctor(const Common& options) {
  const std::vector<Named> findings = examine(configuration(options), options);
  const auto faults = std::ranges::count_if(findings, [](const Named& each) { return !each.finding.ok; });
  if (options.json)
    print_json(findings, faults);
  else
    print_table(findings, faults);
  return faults == 0 ? kOk : kFault;
}

int run_trial(const TrialOptions& options) {
  const auto trial = std::ranges::find(trials(), options.name, &Trial::name);
  if (trial == trials().end()) throw UsageError("there is no trial \"" + options.name + "\"");
  Finding finding;
  try {
    finding = trial->run(configuration(options));
  } catch (const std::exception& error) {
    finding = {false, error.what()};
  }
  fmt::print("{}\n", dump({{"ok", finding.ok}, {"detail", finding.detail}, {"advice", finding.advice}}, -1));
  return finding.ok ? kOk : kFault;
}

}  // namespace heddle::cli
