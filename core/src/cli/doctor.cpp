// The command `heddle doctor`: tries everything that a program would need, and says what is wrong.
#include "cli/doctor.hpp"

#include "cli/child.hpp"
#include "cli/command.hpp"
#include "cli/progress.hpp"
#include "cli/table.hpp"
#include "cli/text.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <memory>
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

int run_doctor(const Common& common) {
  const std::vector<Named> findings = examine(configuration(common), common);
  const auto faults = std::ranges::count_if(findings, [](const Named& each) { return !each.finding.ok; });
  if (common.json)
    print_json(findings, faults);
  else
    print_table(findings, faults);
  return faults == 0 ? kOk : kFault;
}

int run_trial(const Common& common, const std::string& name) {
  const auto trial = std::ranges::find(trials(), name, &Trial::name);
  if (trial == trials().end()) throw UsageError("there is no trial \"" + name + "\"");
  Finding finding;
  try {
    finding = trial->run(configuration(common));
  } catch (const std::exception& error) {
    finding = {false, error.what()};
  }
  fmt::print("{}\n", dump({{"ok", finding.ok}, {"detail", finding.detail}, {"advice", finding.advice}}, -1));
  return finding.ok ? kOk : kFault;
}

}  // namespace

void add_doctor(CLI::App& app, Action& action) {
  const auto common = std::make_shared<Common>();
  CLI::App& command = *app.add_subcommand("doctor", "Load the configuration and try each interface of the chosen port");
  command.footer(
      "Each interface is tried for real, in a process of its own: a switch is made, a clock is read, a stack's guard "
      "is\n"
      "touched, a fiber that never yields is stopped. The exit status is 1 when one of them has a fault.\n\n"
      "Examples:\n"
      "  heddle doctor\n"
      "  heddle doctor --config runtime.json --json\n"
      "  HEDDLE_VDSO_CALLER=syscall heddle doctor");
  add_common(command, *common);
  command.callback([common, &action] { action = [common] { return run_doctor(*common); }; });
}

void add_doctor_trial(CLI::App& app, Action& action) {
  const auto common = std::make_shared<Common>();
  const auto name = std::make_shared<std::string>();
  CLI::App& command = *app.add_subcommand(std::string(kDoctorTrial),
                                          "Run one trial of `heddle doctor` in this process");
  command.group("");
  command.add_option("name", *name, "The trial, as `heddle doctor` names it")->required();
  add_common(command, *common);
  command.callback([common, name, &action] { action = [common, name] { return run_trial(*common, *name); }; });
}

}  // namespace heddle::cli
