// values: from what a file or a variable holds to the field of a key.
#pragma once

#include "config/expand.hpp"
#include "config/keys.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace heddle::config {

/// What no key takes: null, an object, a number with a fraction or a sign, an array where none is wanted.
struct Other {};

/// A value as it was found.
struct Value {
  std::variant<Other, bool, std::uint64_t, std::string, std::vector<std::string>> data;
  std::string shown;  ///< for messages
};

/// What a key takes, as messages say it after "wanted".
std::string wanted(const Key& key);

/// What an element of a key that is a list is.
std::string_view wanted_element(const Key& key);

/// A string with its ${…} expanded. Throws a ConfigError that begins with `place`, as the functions below do.
Value expanded_value(const std::string& text, const Context& context, const std::string& place);

/// The same for an element of a key that is a list. Throws when the key does not take it.
std::string expanded_element(const Key& key, const std::string& text, const Context& context, const std::string& place);

/// An environment variable's text, expanded, as the JSON value that it stands for by the key's type.
Value value_of_variable(const Key& key, const std::string& text, const Context& context, const std::string& place);

/// Sets the key's field. Throws when the key does not take the value.
void assign(const Key& key, const Value& value, Config& config, const Context& context, const std::string& place);

/// Sets the keys whose default depends on where the configuration lies, as far as their origin is "default".
void assign_initial_folders(Config& config, const Context& context);

/// Throws ConfigError where two keys, each good for itself, do not go together; `name` is the file.
void check_together(const Config& config, const std::string& name);

}  // namespace heddle::config
