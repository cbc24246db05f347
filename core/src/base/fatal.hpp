// fatal: a broken invariant ends the process at once, because nothing that the runtime could still do is safe.
#pragma once

namespace heddle::base {

/// Writes "heddle: fatal: MESSAGE" to standard error and ends the process with status 2; no destructor and no atexit
/// handler runs. Any thread.
[[noreturn, gnu::cold]] void fatal(const char* message);

/// Ends the process when a condition that the runtime relies on does not hold.
inline void check(bool holds, const char* message) {
  if (!holds) [[unlikely]]
    fatal(message);
}

}  // namespace heddle::base
