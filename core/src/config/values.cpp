#include "config/values.hpp"

#include "base/paths.hpp"
#include "config/message.hpp"
#include "config/nearest.hpp"
#include "config/units.hpp"

#include <algorithm>
#include <regex>

namespace heddle::config {

namespace {

// The longest word that is given to a pattern: std::regex recurses once for each letter.
constexpr std::size_t kMaxWord = 64;

std::vector<std::string> in_quotes_each(const std::vector<std::string_view>& words) {
  std::vector<std::string> result;
  for (const std::string_view word : words) result.push_back(in_quotes(word));
  return result;
}

std::string range(const std::string& from, const std::string& to) {
  return " from " + from + " to " + to;
}

struct Wanted {
  std::string operator()(const Text& type) const {
    std::vector<std::string> items = in_quotes_each(type.words);
    if (!type.meaning.empty()) items.emplace_back(type.meaning);
    if (type.library) items.emplace_back("the path of a library (with a / in it)");
    return listed(items, "or");
  }
  std::string operator()(const Choice& type) const { return listed(in_quotes_each(type.words), "or"); }
  std::string operator()(const Duration& type) const {
    const std::string besides = std::string(type.or_never ? "\"never\", " : "") + (type.or_zero ? "\"0s\" or " : "");
    return besides + "a duration" + range(in_quotes(format_duration(type.min)), in_quotes(format_duration(type.max))) +
           ", which is a whole number and a unit (ns, us, ms or s)";
  }
  std::string operator()(const Size& type) const {
    return "a size" + range(in_quotes(format_size(type.min)), in_quotes(format_size(type.max))) +
           ", which is a whole number and a unit (B, KiB, MiB or GiB)";
  }
  std::string operator()(const Count& type) const {
    return (type.or_auto ? "\"auto\" or a whole number" : "a whole number") +
           range(std::to_string(type.min), std::to_string(type.max));
  }
  std::string operator()(const Flag&) const { return "true or false"; }
  std::string operator()(const FolderList&) const { return "an array of folders"; }
  std::string operator()(const NameList&) const { return "an array of file names"; }
};

template <typename T>
bool is_in_range(T value, T min, T max) {
  return min <= value && value <= max;
}

// A NUL would end a path early for the operating system.
bool is_usable_path(std::string_view text) {
  return is_path(text) && text.find('\0') == std::string_view::npos;
}

bool matches(std::string_view pattern, std::string_view word) {
  if (pattern.empty() || word.size() > kMaxWord) return false;
  return std::regex_match(word.begin(), word.end(), std::regex(pattern.begin(), pattern.end()));
}

// Sets the field; false when the type does not take the value. Strings are expanded already.
struct Setter {
  const Value& value;
  Config& config;
  const Context& context;
  const std::string& place;

  const std::string* text() const { return std::get_if<std::string>(&value.data); }

  bool operator()(const Text& type) const {
    if (!text()) return false;
    const bool word = std::ranges::find(type.words, *text()) != type.words.end() || matches(type.pattern, *text());
    if (!word && !(type.library && is_usable_path(*text()))) return false;
    type.field(config) = word ? *text() : base::text_of(resolve(path_in(*text(), place), context));
    return true;
  }
  bool operator()(const Choice& type) const {
    const auto word = text() ? std::ranges::find(type.words, *text()) : type.words.end();
    if (word == type.words.end()) return false;
    type.field(config) = static_cast<Resume>(word - type.words.begin());
    return true;
  }
  bool operator()(const Duration& type) const {
    if (type.or_never && text() && *text() == "never") {
      type.field(config) = kNever;
      return true;
    }
    const auto duration = text() ? parse_duration(*text()) : std::nullopt;
    if (!duration) return false;
    const bool zero = type.or_zero && duration->count() == 0;
    if (!zero && !is_in_range(*duration, type.min, type.max)) return false;
    type.field(config) = *duration;
    return true;
  }
  bool operator()(const Size& type) const {
    const auto size = text() ? parse_size(*text()) : std::nullopt;
    if (!size || !is_in_range(*size, type.min, type.max)) return false;
    type.field(config) = static_cast<std::size_t>(*size);
    return true;
  }
  bool operator()(const Count& type) const {
    const bool is_auto = type.or_auto && text() && *text() == "auto";
    const auto* const number = std::get_if<std::uint64_t>(&value.data);
    if (!is_auto && !(number && is_in_range<std::uint64_t>(*number, type.min, type.max))) return false;
    type.field(config) = is_auto ? 0 : static_cast<std::uint32_t>(*number);
    return true;
  }
  bool operator()(const Flag& type) const {
    const bool* const flag = std::get_if<bool>(&value.data);
    if (flag) type.field(config) = *flag;
    return flag != nullptr;
  }
  bool operator()(const FolderList& type) const {
    const auto* const folders = std::get_if<std::vector<std::string>>(&value.data);
    if (!folders) return false;
    std::vector<std::filesystem::path> paths;
    for (const std::string& folder : *folders) paths.push_back(resolve(path_in(folder, place), context));
    type.field(config) = std::move(paths);
    return true;
  }
  bool operator()(const NameList& type) const {
    const auto* const names = std::get_if<std::vector<std::string>>(&value.data);
    if (names) type.field(config) = *names;
    return names != nullptr;
  }
};

// The word of the key nearest to what was found.
std::string suggestion(const Key& key, const Value& value) {
  const std::string* const text = std::get_if<std::string>(&value.data);
  if (!text) return {};
  std::vector<std::string> words;
  if (const auto* type = std::get_if<Text>(&key.type)) words.assign(type->words.begin(), type->words.end());
  if (const auto* type = std::get_if<Choice>(&key.type)) words.assign(type->words.begin(), type->words.end());
  const std::string word = nearest(*text, words);
  return word.empty() ? "" : "; did you mean " + in_quotes(word) + "?";
}

}  // namespace

std::string wanted(const Key& key) {
  return std::visit(Wanted{}, key.type);
}

Value expanded_value(const std::string& text, const Context& context, const std::string& place) {
  std::string expanded = expand(text, context, place);
  std::string shown = in_quotes(expanded) + (expanded == text ? "" : " (from " + in_quotes(text) + ")");
  return {std::move(expanded), std::move(shown)};
}

std::string_view wanted_element(const Key& key) {
  return std::holds_alternative<FolderList>(key.type) ? "the path of a folder" : "the name of a file, without folders";
}

std::string expanded_element(const Key& key, const std::string& text, const Context& context, const std::string& place) {
  const Value value = expanded_value(text, context, place);
  const auto& element = std::get<std::string>(value.data);
  const bool name = std::holds_alternative<NameList>(key.type);
  if (element.empty() || element.find('\0') != std::string::npos || (name && element.find_first_of("/\\") != std::string::npos))
    fail(place, "wanted " + std::string(wanted_element(key)) + ", found " + value.shown);
  return element;
}

void assign(const Key& key, const Value& value, Config& config, const Context& context, const std::string& place) {
  if (std::visit(Setter{value, config, context, place}, key.type)) return;
  fail(place, "wanted " + wanted(key) + ", found " + value.shown + suggestion(key, value));
}

Value value_of_variable(const Key& key, const std::string& text, const Context& context, const std::string& place) {
  if (is_list(key)) {
    std::vector<std::string> elements;
    for (std::size_t begin = 0; begin <= text.size();) {
      const std::size_t end = std::min(text.find(list_separator(), begin), text.size());
      const std::string item_place = place + "/" + std::to_string(elements.size());
      elements.push_back(expanded_element(key, text.substr(begin, end - begin), context, item_place));
      begin = end + 1;
    }
    return {std::move(elements), in_quotes(text)};
  }
  Value value = expanded_value(text, context, place);
  const std::string expanded = std::get<std::string>(value.data);
  if (std::holds_alternative<Count>(key.type)) {
    if (const auto count = parse_count(expanded)) value.data = *count;
  } else if (std::holds_alternative<Flag>(key.type)) {
    if (expanded == "true" || expanded == "false") value.data = expanded == "true";
  }
  return value;
}

void assign_initial_folders(Config& config, const Context& context) {
  for (const Key& key : keys()) {
    const auto* const type = std::get_if<FolderList>(&key.type);
    if (!type || config.origins[std::string(key.pointer)] != "default") continue;
    const std::string place = std::string(key.pointer) + " (default)";
    std::vector<std::string> folders;
    for (const std::string_view folder : type->initial)
      folders.push_back(expanded_element(key, std::string(folder), context, place));
    assign(key, {std::move(folders), ""}, config, context, place);
  }
}

void check_together(const Config& config, const std::string& name) {
  if (config.stack.size <= config.stack.max_size) return;
  const auto described = [&config](const char* pointer) {
    return value_of(config, pointer) + " (" + config.origins.at(pointer) + ")";
  };
  fail(name, "wanted a /stack/size of at most /stack/max_size, found " + described("/stack/size") + " and " +
                 described("/stack/max_size") + "; lower the first or raise the second");
}

}  // namespace heddle::config
