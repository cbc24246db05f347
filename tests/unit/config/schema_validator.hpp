// As much of JSON Schema as runtime.schema.json uses. A keyword that this does not know fails, so that none is ignored
// silently.
#pragma once

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdint>
#include <regex>
#include <set>
#include <stdexcept>
#include <string>

namespace heddle::config {

inline bool has_type(const nlohmann::json& value, const std::string& type) {
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "string") return value.is_string();
  if (type == "boolean") return value.is_boolean();
  if (type == "integer")
    return value.is_number_integer() ||
           (value.is_number_float() && value.get<double>() == static_cast<double>(value.get<std::int64_t>()));
  throw std::runtime_error("the schema has the unknown type " + type);
}

bool conforms(const nlohmann::json& value, const nlohmann::json& schema, const nlohmann::json& root);

inline bool has_known_members(const nlohmann::json& value, const nlohmann::json& schema, const nlohmann::json& root) {
  return !value.is_object() || std::ranges::all_of(value.items(), [&](const auto& member) {
    const nlohmann::json& properties = schema.at("properties");
    return properties.contains(member.key()) && conforms(member.value(), properties.at(member.key()), root);
  });
}

inline bool satisfies(const nlohmann::json& value, const std::string& keyword, const nlohmann::json& wanted,
                      const nlohmann::json& schema, const nlohmann::json& root) {
  static const std::set<std::string> annotations = {"$schema", "title",     "description", "default",   "definitions",
                                                    "x-or",    "x-minimum", "x-maximum",   "properties"};
  if (annotations.contains(keyword)) return true;
  if (keyword == "$ref")
    return conforms(value, root.at(nlohmann::json::json_pointer(wanted.get<std::string>().substr(1))), root);
  if (keyword == "type") return has_type(value, wanted);
  if (keyword == "enum") return std::ranges::find(wanted, value) != wanted.end();
  if (keyword == "anyOf")
    return std::ranges::any_of(wanted, [&](const auto& one) { return conforms(value, one, root); });
  if (keyword == "pattern")
    return !value.is_string() || std::regex_search(value.get<std::string>(), std::regex(wanted.get<std::string>()));
  if (keyword == "minLength") return !value.is_string() || value.get<std::string>().size() >= wanted.get<std::size_t>();
  if (keyword == "minimum") return !value.is_number() || value >= wanted;
  if (keyword == "maximum") return !value.is_number() || value <= wanted;
  if (keyword == "items")
    return !value.is_array() || std::ranges::all_of(value, [&](const auto& item) { return conforms(item, wanted, root); });
  if (keyword == "additionalProperties" && wanted == false) return has_known_members(value, schema, root);
  throw std::runtime_error("the schema has the unknown keyword " + keyword);
}

inline bool conforms(const nlohmann::json& value, const nlohmann::json& schema, const nlohmann::json& root) {
  const auto& keywords = schema.get_ref<const nlohmann::json::object_t&>();
  return std::ranges::all_of(
      keywords, [&](const auto& keyword) { return satisfies(value, keyword.first, keyword.second, schema, root); });
}

}  // namespace heddle::config
