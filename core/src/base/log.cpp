#include "base/log.hpp"

#include <cstdio>
#include <cstdlib>
#include <string>

namespace heddle::base {

namespace {

bool info_wanted() {
  static const bool wanted = [] {
    const char* level = std::getenv("HEDDLE_LOG");
    return level && std::string_view(level) == "info";
  }();
  return wanted;
}

}  // namespace

void log(LogLevel level, std::string_view message) {
  if (level == LogLevel::kInfo && !info_wanted()) return;
  static constexpr std::string_view kNames[] = {"error: ", "warning: ", "info: ", ""};
  // One write for the whole line, so that lines of several threads do not mix.
  std::string line = "heddle: ";
  line.append(kNames[static_cast<int>(level)]).append(message).push_back('\n');
  std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace heddle::base
