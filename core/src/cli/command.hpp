// command: the subcommands of `heddle`, the options that each takes, and what they share. How the options are written on a command
// line is command_line.cpp's.
#pragma once

#include <heddle/config.hpp>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

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

/// The options that every subcommand has.
struct Common {
  std::string config_file;
  bool json = false;
};

/// The configuration that the options ask for. Throws ConfigError.
Config configuration(const Common& common);

/// "3 keys from runtime.json, 14 defaults".
std::string origins_summary(const Config& config);

struct ConfigOptions : Common {
  std::string validate;  ///< the file to check instead; empty: none
};

struct DemoOptions : Common {
  std::vector<std::string> files;
  std::vector<std::string> strategies;  ///< names, files of libraries, kAllStrategies; none: those of the port
  std::string svg;
  double seconds = 2;
};

// Each command prints what it found and returns the exit status. Throws UsageError, and what the library throws.
int run_ports(const Common& options);
int run_doctor(const Common& options);
int run_config(const ConfigOptions& options);
int run_demo(const DemoOptions& options);

/// For `--strategy`: none, cooperative and every one of the port.
inline constexpr std::string_view kAllStrategies = "all";

/// The hidden commands that `heddle doctor` and `heddle demo` start as processes of their own.
inline constexpr std::string_view kDoctorTrial = "doctor-trial";
inline constexpr std::string_view kDemoWorker = "demo-worker";

struct TrialOptions : Common {
  std::string name;
};

struct WorkerOptions : Common {
  std::vector<std::string> files;
  std::uint64_t blocks = 0;
  bool progress = false;
};

int run_trial(const TrialOptions& options);
int run_worker(const WorkerOptions& options);

}  // namespace heddle::cli
