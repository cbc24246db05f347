#include "config/environment.hpp"

#include "config/keys.hpp"
#include "config/message.hpp"
#include "config/nearest.hpp"
#include "config/values.hpp"

#include <algorithm>
#include <cstdlib>

namespace heddle::config {

namespace {

constexpr std::string_view kPrefix = "HEDDLE_";

std::string place_of(const std::string& variable) {
  return "environment variable " + variable;
}

void refuse_mistyped(const std::vector<std::string>& variables) {
  std::vector<std::string> known = {"CONFIG", "LOG"};  // read by find() and by base/log
  for (const Key& key : keys()) known.push_back(variable_of(key).substr(kPrefix.size()));
  for (const std::string& variable : variables) {
    if (!variable.starts_with(kPrefix)) continue;
    const std::string name = variable.substr(kPrefix.size());
    if (std::ranges::find(known, name) != known.end()) continue;
    const std::string meant = nearest(name, known);
    if (meant.empty()) continue;  // somebody else's
    fail(place_of(printable(variable)), "no such variable; did you mean " + std::string(kPrefix) + meant + "?");
  }
}

}  // namespace

void apply_environment(const Context& context, Config& config) {
  if (!context.folders.trust_environment) return;
  refuse_mistyped(context.folders.variables);
  for (const Key& key : keys()) {
    const std::string variable = variable_of(key);
    const char* const text = std::getenv(variable.c_str());
    if (!text || *text == '\0') continue;
    const std::string place = place_of(variable) + ": " + std::string(key.pointer);
    assign(key, value_of_variable(key, text, context, place), config, context, place);
    config.origins[std::string(key.pointer)] = variable;
  }
}

}  // namespace heddle::config
