// keys: the one table of what runtime.json may hold. The reader, the environment's overrides, printing, `heddle
// config`, the port's HeddleHost::option and the test of the schema are all driven by it, so a new key is one entry in
// keys.cpp (and in the schema and docs/configuration.md, where a test asks for it).
//
// A type says where its field is and which values it takes. Polymorphic key classes were rejected: a variant keeps what
// can be said about a key in plain sight, and the schema's test can visit it.
#pragma once

#include <heddle/config.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace heddle::config {

/// The field that a key sets.
template <typename T>
using Field = T& (*)(Config&);

/// A string: one of `words`, or what the regular expression `pattern` matches, or the path of a library.
struct Text {
  Field<std::string> field;
  std::vector<std::string_view> words;
  std::string_view pattern;  ///< empty: none
  std::string_view meaning;  ///< what the pattern stands for in messages: "a port's id"
  bool library;              ///< paths are taken, and made absolute
};

/// A string: the word at the place of the enumerator's value.
struct Choice {
  Field<Resume> field;
  std::vector<std::string_view> words;
};

/// A string as of units.hpp.
struct Duration {
  Field<std::chrono::nanoseconds> field;
  std::chrono::nanoseconds min;
  std::chrono::nanoseconds max;
  bool or_zero;           ///< "0s" is taken too
  bool or_never = false;  ///< "never" is taken too, and stored as kNever
};

inline constexpr std::chrono::nanoseconds kNever = std::chrono::nanoseconds::max();

/// A string as of units.hpp.
struct Size {
  Field<std::size_t> field;
  std::uint64_t min;
  std::uint64_t max;
};

/// A whole number.
struct Count {
  Field<std::uint32_t> field;
  std::uint32_t min;
  std::uint32_t max;
  bool or_auto;  ///< the string "auto" is taken too, and stored as 0
};

/// true or false.
struct Flag {
  Field<bool> field;
};

/// An array of strings, each the path of a folder, made absolute.
struct FolderList {
  Field<std::vector<std::filesystem::path>> field;
  std::vector<std::string_view> initial;  ///< the default, not yet expanded
};

/// An array of strings, each a file's name without folders; none by default.
struct NameList {
  Field<std::vector<std::string>> field;
};

using Type = std::variant<Text, Choice, Duration, Size, Count, Flag, FolderList, NameList>;

struct Key {
  std::string_view pointer;  ///< JSON pointer
  std::string_view doc;      ///< one sentence
  Type type;
};

/// Every key, in the order in which they are printed; those of a section stand together.
HEDDLE_API_FUNCTION std::span<const Key> keys();

/// Null when there is no such key.
HEDDLE_API_FUNCTION const Key* find_key(std::string_view pointer);

/// True for the pointer of an object that holds keys: "/stack".
bool is_section(std::string_view pointer);

/// The field of a configuration that is only read.
template <typename T>
const T& read(Field<T> field, const Config& config) {
  return field(const_cast<Config&>(config));  // a Field only names a member: it writes nothing
}

/// True for a key whose value is an array.
HEDDLE_API_FUNCTION bool is_list(const Key& key);

/// The value as text, as an environment variable would give it: "10ms", "auto", "true"; the elements of a list are joined
/// by list_separator(). Throws ConfigError when there is no such key.
HEDDLE_API_FUNCTION std::string value_of(const Config& config, std::string_view pointer);

/// The environment variable that overrides a key: "HEDDLE_STACK_SIZE".
HEDDLE_API_FUNCTION std::string variable_of(const Key& key);

/// What stands between the elements of a list in a variable: ':' where '/' separates folders, ';' elsewhere.
HEDDLE_API_FUNCTION char list_separator();

}  // namespace heddle::config
