// environment: the variables that override single keys of runtime.json.
#pragma once

#include "config/expand.hpp"

#include <heddle/config.hpp>

namespace heddle::config {

/// Sets in `config` every key whose variable is set and not empty, and its origin. Throws ConfigError, also for a
/// variable whose name is a mistyped one of ours. Does nothing where the environment is not to be trusted.
void apply_environment(const Context& context, Config& config);

}  // namespace heddle::config
