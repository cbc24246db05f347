// The command `heddle config`: the configuration that a program started here would run with, and where each value comes
// from.
#include "base/paths.hpp"
#include "cli/command.hpp"
#include "cli/table.hpp"
#include "cli/text.hpp"
#include "config/keys.hpp"

#include <fmt/format.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>

namespace heddle::cli {

namespace {

using Json = nlohmann::ordered_json;

std::string dump(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

std::string origin_of(const Config& config, const config::Key& key) {
  const auto found = config.origins.find(std::string(key.pointer));
  return found == config.origins.end() ? "default" : found->second;
}

// The elements of a list one below the other: joined, folders are too long to read.
std::string readable(std::string value, const config::Key& key) {
  if (!config::is_list(key)) return value.empty() ? "\"\"" : value;
  if (value.empty()) return "[]";
  for (char& c : value)
    if (c == config::list_separator()) c = '\n';
  return value;
}

int print_effective(const ConfigOptions& options) {
  const Config config = configuration(options);
  Json values = Json::array();
  Table table({{"KEY"}, {"FROM"}, {"VALUE"}});
  for (const config::Key& key : config::keys()) {
    const std::string value = config::value_of(config, key.pointer);
    const std::string origin = origin_of(config, key);
    values.push_back({{"key", key.pointer}, {"value", value}, {"origin", origin}, {"variable", config::variable_of(key)}});
    table.add({std::string(key.pointer), origin, readable(value, key)});
  }
  if (options.json)
    fmt::print("{}\n", dump({{"values", values}, {"config", Json::parse(config.to_json())}}));
  else
    fmt::print("{}", table.text());
  return kOk;
}

std::string read_all(const std::string& file) {
  std::error_code error;
  const std::filesystem::path path = base::path_of(file);
  const auto kind = std::filesystem::status(path, error).type();
  std::ifstream in(path, std::ios::binary);
  if (kind == std::filesystem::file_type::directory || !in)
    throw UsageError(fmt::format("{}: cannot be read; give --validate the path of a runtime.json", file));
  return {std::istreambuf_iterator<char>(in), {}};
}

// The file alone: a variable of the environment must neither hide a mistake in it nor add one.
int print_validity(const ConfigOptions& options) {
  std::string error;
  const std::string text = read_all(options.validate);
  try {
    Config::parse(text, std::filesystem::absolute(base::path_of(options.validate)));
  } catch (const ConfigError& found) {
    error = found.what();
  }
  if (options.json)
    fmt::print("{}\n",
               dump({{"file", options.validate}, {"ok", error.empty()}, {"error", error.empty() ? Json() : Json(error)}}));
  else
    fmt::print("{}\n", error.empty() ? options.validate + ": ok" : error);
  return error.empty() ? kOk : kFault;
}

}  // namespace

int run_config(const ConfigOptions& options) {
  return options.validate.empty() ? print_effective(options) : print_validity(options);
}

}  // namespace heddle::cli
