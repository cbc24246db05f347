// log: lines for the operator on standard error.
#pragma once

#include <string_view>

namespace heddle::base {

enum class LogLevel { kError, kWarning, kInfo, kTrace };

/// Writes "heddle: LEVEL: MESSAGE" as one line; kInfo is dropped unless the environment has HEDDLE_LOG=info, and
/// kTrace, which the configuration asked for, stands without its level. Any thread; not async-signal-safe.
void log(LogLevel level, std::string_view message);

}  // namespace heddle::base
