// Config: what runtime.json says, as typed values.
#pragma once

#include <heddle/api.hpp>
#include <heddle/error.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace heddle {

/// Where a preempted fiber may go on.
enum class Resume {
  kSameThread,  ///< on the worker that it was stopped on; safe for code that uses thread-locals
  kAnyThread,   ///< on any worker; for code that holds no address of a thread-local (or of errno) at any instruction
};

/// The configuration of a run. Each field is the runtime.json key of the same name and has that key's default.
///
/// Thread safety: a value, as std::string is. All functions throw ConfigError.
struct HEDDLE_API Config {
  std::string port = "auto";                     ///< `auto`, a port's id, or the absolute path of a port's library
  std::vector<std::filesystem::path> port_path;  ///< folders searched for ports, in order; absolute
  std::string port_sha256;                       ///< if not empty, the 64 hex digits that the port's file must hash to

  std::string context_switcher = "port";  ///< `port`, or the absolute path of a library that provides it instead
  std::string tls_provider = "port";      ///< likewise
  std::string vdso_caller = "default";    ///< `default`, a source of the port (`vdso`, `syscall`), or a library's
                                          ///< absolute path

  struct Preempter {
    std::string strategy = "default";  ///< `none`, `cooperative`, `default`, a strategy of the port, or a library's
                                       ///< absolute path
    std::chrono::nanoseconds quantum = std::chrono::milliseconds(10);
    std::chrono::nanoseconds wakeup_slice = std::chrono::microseconds(100);
    Resume resume = Resume::kSameThread;
    std::string signal = "default";  ///< name or number of the signal that strategy `signal` sends; the port's own
                                     ///< (SIGURG) by default
    std::vector<std::string> allow;  ///< file names of modules whose code may be preempted besides those that `resume`
                                     ///< says; see preemptible_code.hpp
    std::vector<std::string> deny;   ///< file names of modules whose code is never preempted
  } preempter;

  struct Scheduler {
    std::uint32_t processors = 0;  ///< 0: `auto`, as many as the process may use
    std::uint32_t max_workers = 10000;
  } scheduler;

  struct Stack {
    std::size_t size = 64 * 1024;             ///< bytes, of a fiber that asks for no other
    std::size_t max_size = 64 * 1024 * 1024;  ///< bytes, the most that a fiber may ask for
    bool guard = true;                        ///< a page below each stack that faults when touched
    std::chrono::nanoseconds release_after = std::chrono::seconds(10);  ///< how long a stack that no fiber uses keeps its pages;
                                                                        ///< 0: not at all, nanoseconds::max(): for good
  } stack;

  struct Diagnostics {
    std::chrono::nanoseconds schedtrace{0};  ///< how often a line about the scheduler is logged; 0: never
    bool deadlock = true;                    ///< end the process when all fibers wait and nobody can wake one
  } diagnostics;

  /// Where each value comes from, by JSON pointer: "default", "runtime.json:7", "HEDDLE_PREEMPTER_STRATEGY".
  std::map<std::string, std::string> origins;

  /// The built-in defaults with the environment's overrides.
  static Config defaults();

  /// Reads `file`, then applies the environment's overrides.
  static Config load(const std::filesystem::path& file);

  /// The configuration that run() uses when it is given none: the file that HEDDLE_CONFIG names, else runtime.json
  /// beside the program, else defaults(). In a setuid process the environment is ignored.
  static Config find();

  /// Reads `text` as load() reads a file; `name` stands for the file in messages, and its folder for ${config_dir}. The
  /// environment overrides nothing; only a ${env:NAME} in the text looks into it.
  static Config parse(std::string_view text, const std::filesystem::path& name);

  /// The effective configuration in the form of runtime.json, indented by two; parse() of it gives the same values.
  /// What is not UTF-8 in a path cannot be said in JSON and becomes U+FFFD.
  std::string to_json() const;
};

}  // namespace heddle
