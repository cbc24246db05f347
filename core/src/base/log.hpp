// log: lines for the operator on standard error.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace heddle::base {

enum class LogLevel { kError, kWarning, kInfo, kTrace };

/// Writes "heddle: LEVEL: MESSAGE" as one line; kInfo is dropped unless the environment has HEDDLE_LOG=info, and
/// kTrace, which the configuration asked for, stands without its level. Any thread; not async-signal-safe.
void log(LogLevel level, std::string_view message);

/// While one lives, what its thread logs is kept and not written, as far as there is room: for one who says it otherwise. No memory is
/// taken, which may be what the lines are about. One at a time on a thread. REQUIRES: a fiber that has one is not moved to another thread.
class KeptLog {
 public:
  KeptLog() noexcept;
  ~KeptLog();
  KeptLog(const KeptLog&) = delete;
  KeptLog& operator=(const KeptLog&) = delete;

  /// The lines, separated by "; ".
  std::string text() const { return {text_.data(), size_}; }

  void add(std::string_view line) noexcept;

 private:
  std::array<char, 512> text_;
  std::size_t size_ = 0;
};

}  // namespace heddle::base
