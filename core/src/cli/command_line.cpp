// See command_line.hpp. The only file that includes CLI11, which takes longer to compile than the rest of the command.
#include "cli/command_line.hpp"

#include "cli/command.hpp"
#include "config/nearest.hpp"

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

namespace heddle::cli {

namespace {

// Adds --config, and --json with what it prints; has `run` called with the options when the command is asked for.
template <class Options>
void finish(CLI::App& command, const std::shared_ptr<Options>& options, Action& action, int (*run)(const Options&)) {
  command.add_option("--config", options->config_file, "Use this runtime.json")->type_name("FILE");
  command.add_flag("--json", options->json, "Print a JSON object, described in docs/command.md");
  command.callback([options, &action, run] { action = [options, run] { return run(*options); }; });
}

void add_ports(CLI::App& app, Action& action) {
  CLI::App& command = *app.add_subcommand("ports", "List every port found, usable or why not");
  command.footer(
      "A port is the library with the code for one operating system and processor. They are looked for in the\n"
      "folders of port_path in runtime.json. The exit status is 1 when none can be used.\n\n"
      "Examples:\n"
      "  heddle ports\n"
      "  HEDDLE_PORT_PATH=$PWD/plugins heddle ports --json");
  finish(command, std::make_shared<Common>(), action, run_ports);
}

void add_doctor(CLI::App& app, Action& action) {
  CLI::App& command = *app.add_subcommand("doctor", "Load the configuration and try each interface of the chosen port");
  command.footer(
      "Each interface is tried for real, in a process of its own: a switch is made, a clock is read, a stack's\n"
      "guard is touched, a fiber that never yields is stopped. The exit status is 1 when one of them has a fault.\n\n"
      "Examples:\n"
      "  heddle doctor\n"
      "  heddle doctor --config runtime.json --json\n"
      "  HEDDLE_VDSO_CALLER=syscall heddle doctor");
  finish(command, std::make_shared<Common>(), action, run_doctor);
}

void add_config(CLI::App& app, Action& action) {
  const auto options = std::make_shared<ConfigOptions>();
  CLI::App& command = *app.add_subcommand("config",
                                          "Print the effective configuration and where each value comes from");
  command.add_option("--validate", options->validate, "Check this file instead, and print its first mistake")
      ->type_name("FILE");
  command.footer(
      "The configuration is the file of --config, else of HEDDLE_CONFIG, else runtime.json beside the program, else\n"
      "built-in defaults; a variable such as HEDDLE_PREEMPTER_STRATEGY overrides one key.\n\n"
      "Examples:\n"
      "  heddle config\n"
      "  HEDDLE_PREEMPTER_STRATEGY=none heddle config --json\n"
      "  heddle config --validate runtime.json && echo usable");
  finish(command, options, action, run_config);
}

void add_demo(CLI::App& app, Action& action) {
  const auto options = std::make_shared<DemoOptions>();
  CLI::App& command = *app.add_subcommand("demo", "Show what preemption does, strategy by strategy");
  command.add_option("files", options->files, "What to deflate; without any, this program and its libraries")
      ->type_name("FILE");
  command
      .add_option("--strategy", options->strategies,
                  "Only this one; may be given again. `all` stands for what runs without")
      ->type_name("NAME|FILE")
      ->expected(1)
      ->allow_extra_args(false)  // what follows is a file to deflate
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command.add_option("--svg", options->svg, "Write a plot of the lateness to this file")->type_name("FILE");
  command.add_option("--seconds", options->seconds, "How much work: about so long for each strategy")
      ->check(CLI::Range(0.05, 600.0).description(""))
      ->type_name("N")
      ->capture_default_str();
  command.footer(
      "Two fibers for each processor deflate files with zlib, which knows nothing of fibers, and verify each\n"
      "block; one more fiber wakes every millisecond and notes how late it is. The same program does the same work\n"
      "once for each strategy: none, cooperative, and those of the port. Only the configuration differs.\n\n"
      "Examples:\n"
      "  heddle demo\n"
      "  heddle demo --strategy all --strategy ./my_strategy.so\n"
      "  heddle demo --svg lateness.svg big.log\n"
      "  HEDDLE_SCHEDULER_PROCESSORS=1 heddle demo --seconds 5 --json");
  finish(command, options, action, run_demo);
}

void add_doctor_trial(CLI::App& app, Action& action) {
  const auto options = std::make_shared<TrialOptions>();
  CLI::App& command = *app.add_subcommand(std::string(kDoctorTrial),
                                          "Run one trial of `heddle doctor` in this process");
  command.group("");
  command.add_option("name", options->name, "The trial, as `heddle doctor` names it")->required();
  finish(command, options, action, run_trial);
}

void add_demo_worker(CLI::App& app, Action& action) {
  const auto options = std::make_shared<WorkerOptions>();
  CLI::App& command = *app.add_subcommand(std::string(kDemoWorker),
                                          "Run the demo's fibers in this process, under its configuration");
  command.group("");
  command.add_option("--blocks", options->blocks, "How many blocks to work through")->required();
  command.add_flag("--progress", options->progress, "Print the number of blocks done, again and again");
  command.add_option("files", options->files, "What to deflate")->required();
  finish(command, options, action, run_worker);
}

constexpr const char* kFooter =
    "Examples:\n"
    "  heddle doctor                                 does Heddle work on this machine?\n"
    "  heddle demo                                   see what preemption does\n"
    "  HEDDLE_PREEMPTER_STRATEGY=none heddle config  what would a program run with?\n\n"
    "`heddle COMMAND --help` says more. The exit status is 0, 1 when a fault was found, or 2 when the command line\n"
    "or the configuration cannot be used.";

void describe(CLI::App& app, Action& action) {
  app.set_version_flag("--version", "heddle " HEDDLE_VERSION);
  app.set_help_flag("-h,--help", "Print this and exit");
  app.get_formatter()->column_width(28);
  app.footer(kFooter);
  app.require_subcommand(0, 1);
  app.allow_windows_style_options(false);  // or "/x/y" would be an option there, and no path
  for (const auto add : {add_ports, add_doctor, add_config, add_demo, add_doctor_trial, add_demo_worker})
    add(app, action);
}

bool is_command(const CLI::App& app, const std::string& word) {
  return !app.get_subcommands([&word](const CLI::App* each) { return each->get_name() == word; }).empty();
}

// CLI11 would only say that a word was not expected.
[[noreturn]] void refuse_command(const CLI::App& app, const std::string& word) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App* each) { return !each->get_group().empty(); }))
    names.push_back(command->get_name());
  const std::string similar = config::nearest(word, names);
  throw UsageError(fmt::format("there is no command \"{}\"; {}", word,
                               similar.empty() ? fmt::format("the commands are {}", fmt::join(names, ", "))
                                               : fmt::format("did you mean \"{}\"?", similar)));
}

Action prints(const std::string& text) {
  return [text] {
    fmt::print("{}", text);
    return kOk;
  };
}

}  // namespace

Action read_command_line(int argc, const char* const* argv) {
  CLI::App app(
      "Heddle: preemptive fibers for C++. Everything that depends on a machine sits in a port, a library\n"
      "that runtime.json names.",
      "heddle");
  Action action;
  describe(app, action);
  if (argc < 2) return prints(app.help());
  if (const std::string word = argv[1]; !word.starts_with('-') && !is_command(app, word)) refuse_command(app, word);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return prints(app.help());
  } catch (const CLI::CallForVersion& version) {
    return prints(std::string(version.what()) + "\n");
  } catch (const CLI::ParseError& error) {
    const auto chosen = app.get_subcommands();
    const std::string name = chosen.empty() ? "" : chosen.front()->get_name() + " ";
    throw UsageError(fmt::format("{}; see `heddle {}--help`", error.what(), name));
  }
  return action ? action : prints("");
}

}  // namespace heddle::cli
