// command_line: what can be typed after `heddle`, with its help.
#pragma once

#include <functional>

namespace heddle::cli {

/// What the command line asks for: does it, and returns the exit status.
using Action = std::function<int()>;

/// Reads the whole line before anything is done, so that a mistake at its end is found before anything has begun. What asks for
/// help, and an empty line, become an action that prints it. Throws UsageError.
Action read_command_line(int argc, const char* const* argv);

}  // namespace heddle::cli
