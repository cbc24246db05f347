// The command `heddle`: reads the command line, does what it asks, and turns errors into sentences and exit statuses.
#include "cli/command.hpp"
#include "cli/text.hpp"
#include "config/nearest.hpp"

#include <heddle/error.hpp>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

namespace heddle::cli {

namespace {

constexpr const char* kFooter =
    "Examples:\n"
    "  heddle doctor                                 does Heddle work on this machine?\n"
    "  heddle demo                                   see what preemption does\n"
    "  HEDDLE_PREEMPTER_STRATEGY=none heddle config  what would a program run with?\n\n"
    "`heddle COMMAND --help` says more. The exit status is 0, 1 when a fault was found, or 2 when the command line\n"
    "or the configuration cannot be used.";

int complain(std::string_view sentence, int status) {
  fmt::print(stderr, "heddle: {}\n", sentence);
  return status;
}

bool is_command(const CLI::App& app, const std::string& word) {
  return !app.get_subcommands([&word](const CLI::App* each) { return each->get_name() == word; }).empty();
}

// CLI11 would only say that a word was not expected.
int unknown_command(const CLI::App& app, const std::string& word) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App* each) { return !each->get_group().empty(); }))
    names.push_back(command->get_name());
  const std::string near = config::nearest(word, names);
  return complain(fmt::format("there is no command \"{}\"; {}", word,
                              near.empty() ? fmt::format("the commands are {}", fmt::join(names, ", "))
                                           : fmt::format("did you mean \"{}\"?", near)),
                  kUsage);
}

int parse(CLI::App& app, int argc, char** argv) {
  try {
    app.parse(argc, argv);
    return kOk;
  } catch (const CLI::Success& asked) {  // --help, --version
    app.exit(asked);
    return kOk;
  } catch (const CLI::ParseError& error) {
    const auto chosen = app.get_subcommands();
    const std::string name = chosen.empty() ? "" : chosen.front()->get_name() + " ";
    return complain(fmt::format("{}; see `heddle {}--help`", error.what(), name), kUsage);
  }
}

int act(const Action& action) {
  try {
    return action();
  } catch (const ConfigError& error) {
    return complain(error.what(), kUsage);
  } catch (const UsageError& error) {
    return complain(error.what(), kUsage);
  } catch (const std::exception& error) {  // PortError, std::system_error: the machine is not as it should be
    return complain(error.what(), kFault);
  }
}

int run(int argc, char** argv) {
  CLI::App app(
      "Heddle: preemptive fibers for C++. Everything that depends on a machine sits in a port, a library\n"
      "that runtime.json names.",
      "heddle");
  app.set_version_flag("--version", "heddle " HEDDLE_VERSION);
  app.set_help_flag("-h,--help", "Print this and exit");
  app.get_formatter()->column_width(28);
  app.footer(kFooter);
  app.require_subcommand(0, 1);
  Action action;
  for (const auto add : {add_ports, add_doctor, add_config, add_demo, add_doctor_trial, add_demo_worker})
    add(app, action);

  if (argc < 2) {
    fmt::print("{}", app.help());
    return kOk;
  }
  if (const std::string word = argv[1]; !word.starts_with('-') && !is_command(app, word))
    return unknown_command(app, word);
  if (const int status = parse(app, argc, argv); status != kOk || !action) return status;
  return act(action);
}

}  // namespace

}  // namespace heddle::cli

int main(int argc, char** argv) {
  return heddle::cli::run(argc, argv);
}
