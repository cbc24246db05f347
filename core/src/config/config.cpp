// Config: the public entry points, which put this room's parts together: file, environment, defaults, then the checks.

#include <heddle/config.hpp>

#include "base/paths.hpp"
#include "config/environment.hpp"
#include "config/folders.hpp"
#include "config/keys.hpp"
#include "config/message.hpp"
#include "config/reader.hpp"
#include "config/values.hpp"

#include <nlohmann/json.hpp>

#include <cstdlib>
#include <fstream>

namespace heddle {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxFile = 1 << 20;  // bytes; a runtime.json has a thousand, /dev/zero has no end

Config with_origins() {
  Config config;
  for (const config::Key& key : config::keys()) config.origins[std::string(key.pointer)] = "default";
  return config;
}

Config finished(Config config, const config::Context& context, const std::string& name) {
  config::assign_initial_folders(config, context);
  config::check_together(config, name);
  return config;
}

config::Context context_of(const fs::path& file) {
  std::error_code error;
  const fs::path absolute = fs::absolute(file, error);
  if (error) config::fail(config::in_quotes(base::text_of(file)), "wanted the path of a file: " + error.message());
  return {absolute.parent_path(), config::folders()};
}

std::string contents(const fs::path& file, const std::string& name) {
  std::error_code error;
  const fs::file_status status = fs::status(file, error);
  if (status.type() == fs::file_type::not_found) config::fail(name, "no such file");
  if (status.type() == fs::file_type::directory) config::fail(name, "wanted a file, found a folder");
  if (error) config::fail(name, "cannot be read: " + error.message());
  std::ifstream stream(file, std::ios::binary);
  std::string text(kMaxFile + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (stream.bad() || !stream.is_open()) config::fail(name, "cannot be read; are you allowed to?");
  text.resize(static_cast<std::size_t>(stream.gcount()));
  if (text.size() > kMaxFile) config::fail(name, "wanted a file of at most 1MiB, found a larger one");
  return text;
}

Config load_named(const fs::path& file, const std::string& name) {
  Config config = with_origins();
  const config::Context context = context_of(file);
  config::read_json(contents(file, name), name, base::text_of(file.filename()), context, config);
  config::apply_environment(context, config);
  return finished(std::move(config), context, name);
}

struct ToJson {
  const Config& config;
  const config::Key& key;

  nlohmann::ordered_json operator()(const config::Count& type) const {
    const std::uint32_t count = config::read(type.field, config);
    if (type.or_auto && count == 0) return "auto";
    return count;
  }
  nlohmann::ordered_json operator()(const config::Flag& type) const { return config::read(type.field, config); }
  nlohmann::ordered_json operator()(const config::FolderList& type) const {
    auto folders = nlohmann::ordered_json::array();
    for (const fs::path& folder : config::read(type.field, config))
      folders.push_back(config::unexpanded(base::text_of(folder)));
    return folders;
  }
  nlohmann::ordered_json operator()(const config::NameList& type) const {
    auto names = nlohmann::ordered_json::array();
    for (const std::string& name : config::read(type.field, config)) names.push_back(config::unexpanded(name));
    return names;
  }
  nlohmann::ordered_json operator()(const auto&) const {
    return config::unexpanded(config::value_of(config, key.pointer));
  }
};

}  // namespace

Config Config::defaults() {
  Config config = with_origins();
  const config::Context context{config::folders().program, config::folders()};
  config::apply_environment(context, config);
  return finished(std::move(config), context, "built-in defaults");
}

Config Config::load(const fs::path& file) {
  return load_named(file, base::text_of(file));
}

Config Config::find() {
  const config::Folders& folders = config::folders();
  const char* const named = folders.trust_environment ? std::getenv("HEDDLE_CONFIG") : nullptr;
  if (named && *named != '\0') {
    const std::string name = "environment variable HEDDLE_CONFIG: " + std::string(named);
    return load_named(config::path_in(named, name), name);
  }
  const fs::path beside = folders.program / "runtime.json";
  std::error_code error;
  return fs::status(beside, error).type() == fs::file_type::not_found ? defaults() : load(beside);
}

Config Config::parse(std::string_view text, const fs::path& name) {
  Config config = with_origins();
  const config::Context context = context_of(name);
  config::read_json(text, base::text_of(name), base::text_of(name.filename()), context, config);
  return finished(std::move(config), context, base::text_of(name));
}

std::string Config::to_json() const {
  nlohmann::ordered_json document = nlohmann::ordered_json::object();
  for (const config::Key& key : config::keys())
    document[nlohmann::ordered_json::json_pointer(std::string(key.pointer))] = std::visit(ToJson{*this, key}, key.type);
  return document.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace heddle
