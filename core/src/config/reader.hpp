// reader: the text of a runtime.json, into a Config.
#pragma once

#include "config/expand.hpp"

#include <heddle/config.hpp>

#include <string>
#include <string_view>

namespace heddle::config {

/// Sets in `config` every key that the text gives, and its origin. `name` stands for the file in messages, `origin` in
/// origins. Throws ConfigError.
void read_json(std::string_view text, const std::string& name, const std::string& origin, const Context& context, Config& config);

}  // namespace heddle::config
