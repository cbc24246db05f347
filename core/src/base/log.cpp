#include "base/log.hpp"

#include <cstdio>
#include <cstdlib>
#include <string>

namespace heddle::base {

namespace {

thread_local constinit KeptLog* kept_log = nullptr;

bool info_wanted() {
  static const bool wanted = [] {
    const char* level = std::getenv("HEDDLE_LOG");
    return level && std::string_view(level) == "info";
  }();
  return wanted;
}

}  // namespace

void log(LogLevel level, std::string_view message) {
  if (kept_log) return kept_log->add(message);
  if (level == LogLevel::kInfo && !info_wanted()) return;
  static constexpr std::string_view kNames[] = {"error: ", "warning: ", "info: ", ""};
  // One write for the whole line, so that lines of several threads do not mix.
  std::string line = "heddle: ";
  line.append(kNames[static_cast<int>(level)]).append(message).push_back('\n');
  std::fwrite(line.data(), 1, line.size(), stderr);
}

KeptLog::KeptLog() noexcept {
  kept_log = this;
}

KeptLog::~KeptLog() {
  kept_log = nullptr;
}

void KeptLog::add(std::string_view line) noexcept {
  for (const std::string_view part : {std::string_view(size_ == 0 ? "" : "; "), line})
    size_ += part.copy(text_.data() + size_, text_.size() - size_);
}

}  // namespace heddle::base
