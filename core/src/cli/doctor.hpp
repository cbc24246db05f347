// doctor: the trials of `heddle doctor`. Each runs in a process of its own, because a port that is ill may crash or
// hang it.
#pragma once

#include <heddle/config.hpp>

#include <span>
#include <string>
#include <string_view>

namespace heddle::cli {

/// What a trial found.
struct Finding {
  bool ok = false;
  std::string detail;    ///< what was seen, with its figures
  std::string advice{};  ///< what to do, or what it means for programs; may be empty
};

struct Trial {
  std::string_view name;
  Finding (*run)(const Config& config);
};

/// How the process that tries the guard of a stack ends when the guard is as it should be.
inline constexpr int kGuardHeld = 77;

/// In the order in which they are shown. When the first, the port's loading, fails, the others cannot be tried.
std::span<const Trial> trials();

/// What to do about a port that is wrong.
inline constexpr const char* kPortFault =
    "Report this to whoever makes the port, with what `heddle ports --json` prints.";

// These run fibers under the configured strategy. REQUIRES: the process has opened no port by itself.
Finding try_growth(const Config& config);
Finding try_foreign_call(const Config& config);
Finding try_callback(const Config& config);
Finding try_foreign_thread(const Config& config);
Finding try_preempter(const Config& config);

}  // namespace heddle::cli
