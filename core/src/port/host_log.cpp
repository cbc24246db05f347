#include "port/host_log.hpp"

namespace heddle::port {

namespace {

const HeddleHost* real = nullptr;  // where lines go
HeddleHost copy;                   // what ports see
thread_local std::vector<std::pair<std::int32_t, std::string>>* captured = nullptr;

void HEDDLE_CALL log_or_keep(std::int32_t level, const char* message) {
  if (captured)
    captured->emplace_back(level, message);
  else
    real->log(level, message);
}

}  // namespace

LogCapture::LogCapture(const HeddleHost& host) {
  // Written once: the handlers of a port that is open already may be reading it.
  if (real != &host) {
    real = &host;
    copy = host;
    copy.log = log_or_keep;
  }
  captured = &lines_;
}

LogCapture::~LogCapture() {
  captured = nullptr;
}

const HeddleHost& LogCapture::host() const {
  return copy;
}

std::string LogCapture::joined() const {
  std::string text;
  for (const auto& [level, line] : lines_) text.append(text.empty() ? "" : "; ").append(line);
  return text;
}

void LogCapture::forward() const {
  for (const auto& [level, line] : lines_) real->log(level, line.c_str());
}

}  // namespace heddle::port
