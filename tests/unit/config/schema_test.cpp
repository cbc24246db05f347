// runtime.schema.json, the files beside it and docs/configuration.md say what the loader does.
#include "unit/config/support.hpp"

#include "config/keys.hpp"
#include "config/units.hpp"
#include "unit/config/schema_validator.hpp"

#include <nlohmann/json.hpp>

#include <set>
#include <sstream>

namespace heddle::config {
namespace {

using Json = nlohmann::json;

std::string contents(const std::string& file) {
  std::ifstream stream(std::string(HEDDLE_SOURCE_FOLDER) + "/" + file);
  if (!stream.is_open()) throw std::runtime_error(file + " cannot be opened");
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

Json reference(const char* name) {
  return {{"$ref", std::string("#/definitions/") + name}};
}

// What the schema must say about a key, by its type in the loader's table.
struct Expected {
  Json operator()(const Text& type) const {
    Json any = Json::array({{{"enum", type.words}}});
    if (!type.pattern.empty()) any.push_back({{"pattern", "^(" + std::string(type.pattern) + ")$"}});
    if (type.library) any.push_back(reference("library"));
    any.push_back(reference("expansion"));
    return {{"type", "string"}, {"anyOf", any}};
  }
  Json operator()(const Choice& type) const {
    return {{"type", "string"}, {"anyOf", {{{"enum", type.words}}, reference("expansion")}}};
  }
  Json operator()(const Duration& type) const {
    Json node = {{"type", "string"},
                 {"anyOf", {reference("duration"), reference("expansion")}},
                 {"x-minimum", format_duration(type.min)},
                 {"x-maximum", format_duration(type.max)}};
    if (type.or_zero) node["x-or"] = "0s";
    if (type.or_never) node["anyOf"] = {{{"enum", {"never"}}}, reference("duration"), reference("expansion")};
    return node;
  }
  Json operator()(const Size& type) const {
    return {{"type", "string"},
            {"anyOf", {reference("size"), reference("expansion")}},
            {"x-minimum", format_size(type.min)},
            {"x-maximum", format_size(type.max)}};
  }
  Json operator()(const Count& type) const {
    Json node = {{"type", "integer"}, {"minimum", type.min}, {"maximum", type.max}};
    if (type.or_auto) node = {{"anyOf", {{{"enum", {"auto"}}}, node, reference("expansion")}}};
    return node;
  }
  Json operator()(const Flag&) const { return {{"type", "boolean"}}; }
  Json operator()(const FolderList&) const {
    return {{"type", "array"}, {"items", {{"type", "string"}, {"minLength", 1}}}};
  }
  Json operator()(const NameList&) const {
    return {{"type", "array"}, {"items", {{"type", "string"}, {"minLength", 1}, {"pattern", R"(^[^/\\]*$)"}}}};
  }
};

Json initial_value(const Key& key) {
  if (const auto* type = std::get_if<FolderList>(&key.type)) return type->initial;
  return Json::parse(Config{}.to_json()).at(Json::json_pointer(std::string(key.pointer)));
}

Json expected_node(const Key& key) {
  Json node = std::visit(Expected{}, key.type);
  node["description"] = key.doc;
  node["default"] = initial_value(key);
  return node;
}

// The pointer of every key in the schema with its node; objects must be closed to others.
void collect(const Json& object, const std::string& pointer, std::map<std::string, Json>& found) {
  EXPECT_EQ(object.at("type"), "object") << pointer;
  EXPECT_EQ(object.at("additionalProperties"), false) << pointer;
  for (const auto& [name, node] : object.at("properties").items()) {
    if (pointer.empty() && name == "$schema") continue;
    if (node.contains("properties"))
      collect(node, pointer + "/" + name, found);
    else
      found[pointer + "/" + name] = node;
  }
}

class SchemaTest : public ConfigTest {
 protected:
  const Json schema_ = Json::parse(contents("config/runtime.schema.json"));
};

TEST_F(SchemaTest, SaysWhatTheTableSays) {
  std::map<std::string, Json> found;
  collect(schema_, "", found);
  for (const Key& key : keys()) {
    const std::string pointer(key.pointer);
    ASSERT_TRUE(found.contains(pointer)) << pointer << " is missing in the schema; it should be\n"
                                         << expected_node(key).dump(2);
    EXPECT_EQ(found.at(pointer), expected_node(key)) << pointer << " should be\n" << expected_node(key).dump(2);
    found.erase(pointer);
  }
  for (const auto& [pointer, node] : found) ADD_FAILURE() << "the schema has " << pointer << ", the loader does not";
}

struct Case {
  const char* document;
  bool loads;
};

// A range of durations or sizes and what stands behind a path are beyond what a schema can say; all else it must judge
// alike.
constexpr Case kCases[] = {
    {"{}", true},
    {R"({"$schema": "x"})", true},
    {R"({"$schema": 1})", false},
    {"[]", false},
    {"null", false},
    {R"({"port": "linux-amd64"})", true},
    {R"({"port": "./p.so"})", true},
    {R"({"port": "p.so"})", false},
    {R"({"port": ""})", false},
    {R"({"port": null})", false},
    {R"({"port_path": []})", true},
    {R"({"port_path": ["a", "${config_dir}/b"]})", true},
    {R"({"port_path": [""]})", false},
    {R"({"port_path": [1]})", false},
    {R"({"port_path": "a"})", false},
    {R"({"port_sha256": ""})", true},
    {R"({"port_sha256": "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"})", true},
    {R"({"port_sha256": "0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef"})", false},
    {R"({"context_switcher": "other"})", false},
    {R"({"tls_provider": "/lib/x.so"})", true},
    {R"({"vdso_caller": "syscall"})", true},
    {R"({"preempter": 1})", false},
    {R"({"preempter": {"strategy": "timer"}})", true},
    {R"({"preempter": {"strategy": "my-own"}})", true},
    {R"({"preempter": {"strategy": "My own"}})", false},
    {R"({"preempter": {"strategi": "timer"}})", false},
    {R"({"preempter": {"quantum": "1ms"}})", true},
    {R"({"preempter": {"quantum": "1 ms"}})", false},
    {R"({"preempter": {"quantum": 1}})", false},
    {R"({"preempter": {"resume": "any-thread"}})", true},
    {R"({"preempter": {"resume": "any_thread"}})", false},
    {R"({"preempter": {"signal": "SIGUSR1"}})", true},
    {R"({"preempter": {"signal": "SIGRTMIN+1"}})", true},
    {R"({"preempter": {"signal": "0"}})", false},
    {R"({"preempter": {"signal": 10}})", false},
    {R"({"preempter": {"allow": [], "deny": ["libfoo.so", "libbar"]}})", true},
    {R"({"preempter": {"deny": "libfoo.so"}})", false},
    {R"({"preempter": {"deny": [""]}})", false},
    {R"({"preempter": {"deny": [1]}})", false},
    {R"({"preempter": {"deny": ["lib/libfoo.so"]}})", false},
    {R"({"preempter": {"deny": ["lib\\libfoo.so"]}})", false},
    {R"({"scheduler": {"processors": "auto"}})", true},
    {R"({"scheduler": {"processors": 1024}})", true},
    {R"({"scheduler": {"processors": 1025}})", false},
    {R"({"scheduler": {"processors": 0}})", false},
    {R"({"scheduler": {"processors": "4"}})", false},
    {R"({"scheduler": {"max_workers": 2.0}})", true},
    {R"({"scheduler": {"max_workers": 2.5}})", false},
    {R"({"scheduler": {"max_workers": "auto"}})", false},
    {R"({"stack": {"size": "32KiB", "max_size": "1MiB", "guard": true}})", true},
    {R"({"stack": {"size": "32KB"}})", false},
    {R"({"stack": {"guard": 1}})", false},
    {R"({"stack": {"release_after": "0s"}})", true},
    {R"({"stack": {"release_after": "30s"}})", true},
    {R"({"stack": {"release_after": "never"}})", true},
    {R"({"stack": {"release_after": "always"}})", false},
    {R"({"stack": {"release_after": 10}})", false},
    {R"({"preempter": {"quantum": "never"}})", false},
    {R"({"diagnostics": {"schedtrace": "0s"}})", true},
    {R"({"diagnostics": {"schedtrace": false}})", false},
    {R"({"diagnostics": {"deadlock": false}})", true},
    {R"({"diagnostics": {"deadlock": "yes"}})", false},
    {R"({"extra": 1})", false},
};

TEST_F(SchemaTest, JudgesDocumentsAsTheLoaderDoes) {
  for (const auto& [document, loads] : kCases) {
    bool loaded = true;
    try {
      parse(document);
    } catch (const ConfigError&) {
      loaded = false;
    }
    EXPECT_EQ(loaded, loads) << document;
    EXPECT_EQ(conforms(Json::parse(document), schema_, schema_), loads) << document;
  }
}

TEST_F(SchemaTest, TakesTheConfigurationsThatAreShipped) {
  std::set<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(std::string(HEDDLE_SOURCE_FOLDER) + "/config")) {
    const std::string name = text_of(entry.path().filename());
    if (!name.ends_with(".json") || name == "runtime.schema.json") continue;
    files.insert(name);
    EXPECT_NO_THROW(Config::load(entry.path())) << name;
    const Json document = Json::parse(contents("config/" + name));
    EXPECT_TRUE(conforms(document, schema_, schema_)) << name;
    EXPECT_EQ(document.at("$schema"), "runtime.schema.json") << name;
    EXPECT_NE(contents("config/README.md").find(name), std::string::npos) << "config/README.md does not explain " << name;
  }
  EXPECT_EQ(files, (std::set<std::string>{"runtime.any-thread.json", "runtime.cooperative.json", "runtime.json",
                                          "runtime.none.json"}));
}

TEST_F(SchemaTest, TheShippedConfigurationHasTheDefaults) {
  const Config shipped = Config::parse(contents("config/runtime.json"), "/etc/app/runtime.json");
  const Config initial = parse("{}");
  for (const Key& key : keys()) {
    EXPECT_EQ(value_of(shipped, key.pointer), value_of(initial, key.pointer)) << key.pointer;
    EXPECT_NE(shipped.origins.at(std::string(key.pointer)), "default") << key.pointer << " is missing in config/runtime.json";
  }
}

TEST_F(SchemaTest, TheDocumentationKnowsEveryKey) {
  const std::string page = contents("docs/configuration.md");
  for (const Key& key : keys()) {
    const std::string row = "| `" + std::string(key.pointer) + "` | ";
    const std::size_t at = page.find(row);
    ASSERT_NE(at, std::string::npos) << "docs/configuration.md has no row for " << key.pointer;
    const std::string line = page.substr(at, page.find('\n', at) - at);
    if (!std::holds_alternative<FolderList>(key.type)) {
      const Json initial = initial_value(key);
      EXPECT_NE(line.find("`" + initial.dump() + "`"), std::string::npos) << key.pointer << ": the default is " << initial;
    }
  }
}

}  // namespace
}  // namespace heddle::config
