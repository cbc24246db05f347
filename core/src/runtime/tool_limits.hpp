// What a tool that the core was built for does not allow, whatever the configuration says.
//
// ThreadSanitizer keeps a signal back until the thread enters its runtime, and calls the handler there: a fiber could only be
// stopped inside of it, with its locks held. So strategies that interrupt become `cooperative`. Decided here and not where the port
// is loaded, because the command shows and tries a port as it is.
#pragma once

#include <heddle/config.hpp>

namespace heddle::runtime {

/// `config`, or what runs in its stead; then a line in the log says so.
Config within_tool_limits(const Config& config);

}  // namespace heddle::runtime
