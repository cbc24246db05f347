// command: what the subcommands share: their options, their exit statuses, and how each registers itself with main.
//
// A subcommand only notes what is to be done while the command line is read; main does it afterwards. So a mistake at
// the end of a line is found before anything has begun.
#pragma once

#include <heddle/config.hpp>

#include <CLI/CLI.hpp>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace heddle::cli {

inline constexpr int kOk = 0;
inline constexpr int kFault = 1;  ///< the command worked, and found something wrong
inline constexpr int kUsage = 2;  ///< the command line or the configuration cannot be used

/// What was asked for cannot be done, and it is no fault of Heddle's: a file that cannot be read. Ends the command with
/// kUsage.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// What main does once the command line is read; returns the exit status.
using Action = std::function<int()>;

/// The options that every subcommand has.
struct Common {
  std::string config_file;
  bool json = false;
};

/// Adds --config, and --json with what it prints.
void add_common(CLI::App& command, Common& common);

/// The configuration that the options ask for. Throws ConfigError.
Config configuration(const Common& common);

/// "3 keys from runtime.json, 14 defaults".
std::string origins_summary(const Config& config);

void add_ports(CLI::App& app, Action& action);
void add_doctor(CLI::App& app, Action& action);
void add_config(CLI::App& app, Action& action);
void add_demo(CLI::App& app, Action& action);

/// The hidden commands that `heddle doctor` and `heddle demo` start as processes of their own.
inline constexpr std::string_view kDoctorTrial = "doctor-trial";
inline constexpr std::string_view kDemoWorker = "demo-worker";
void add_doctor_trial(CLI::App& app, Action& action);
void add_demo_worker(CLI::App& app, Action& action);

}  // namespace heddle::cli
