// child: runs this program again as a process of its own, with other settings, and listens to what it says.
//
// The demo needs a fresh runtime for each strategy, and the doctor a process that may crash or hang when it tries a
// port. Threads or a fork were rejected: neither leaves the parent whole.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace heddle::cli {

struct Child {
  std::vector<std::string> arguments;
  std::map<std::string, std::string> environment{};      ///< beside what this process has
  std::function<void(std::string_view line)> on_line{};  ///< called for each line of standard output, without its end
  std::chrono::seconds limit{60};                        ///< after that it is killed
};

struct Ending {
  int status = 0;  ///< of exit(), or the number of the signal that ended it; on Windows the code of the exception, below 0
  bool timed_out = false;
  std::string errors;  ///< what it wrote to standard error, at most the last 4 KiB
};

/// Throws std::system_error when the process cannot be started.
Ending run_child(const Child& child);

/// "it was killed after 10 s", "it ended with status 11"; with what it wrote to standard error.
std::string explain(const Ending& ending, std::chrono::seconds limit);

}  // namespace heddle::cli
