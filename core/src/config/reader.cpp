#include "config/reader.hpp"

#include "config/keys.hpp"
#include "config/message.hpp"
#include "config/nearest.hpp"
#include "config/values.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <iterator>
#include <map>

// Strict JSON through the library's SAX interface, since its tree keeps neither lines nor duplicate keys. Everything is
// judged as it is met and the first fault throws, so the text is never nested deeper than the table of keys allows.

namespace heddle::config {

namespace {

// Walks over the text and tells how far the parser has come, which it does not tell a SAX handler itself.
class Cursor {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  Cursor(const char* at, const char** reached) : at_(at), reached_(reached) {}

  reference operator*() const { return *at_; }
  Cursor& operator++() {
    *reached_ = ++at_;
    return *this;
  }
  Cursor operator++(int) {
    const Cursor before = *this;
    ++*this;
    return before;
  }
  bool operator==(const Cursor& other) const { return at_ == other.at_; }

 private:
  const char* at_;
  const char** reached_;
};

class Reader {
 public:
  Reader(std::string_view text, const std::string& name, const std::string& origin, const Context& context, Config& config)
      : text_(text), name_(name), origin_(origin), context_(context), config_(config) {}

  void read() {
    nlohmann::json::sax_parse(Cursor(text_.data(), &reached_), Cursor(text_.data() + text_.size(), &reached_), this);
  }

  // What follows is called by the library; each returns true to go on.
  bool null() { return scalar({Other{}, "null"}); }
  bool boolean(bool value) { return scalar({value, value ? "true" : "false"}); }
  bool number_unsigned(std::uint64_t value) { return scalar({value, std::to_string(value)}); }
  bool number_integer(std::int64_t value) { return scalar({Other{}, std::to_string(value)}); }
  bool number_float(double value, const std::string& digits);
  bool string(std::string& text);
  bool binary(std::vector<std::uint8_t>&) { return scalar({Other{}, "binary data"}); }  // JSON text never has any
  bool start_object(std::size_t);
  bool end_object();
  bool start_array(std::size_t);
  bool end_array();
  bool key(std::string& name);
  bool parse_error(std::size_t position, const std::string& last_token, const nlohmann::json::exception& error);

 private:
  // The line of the byte that the parser took last, which belongs to the token at hand or, after a number, ends its
  // line.
  std::size_t line();
  std::string place();
  std::string wanted_here() const;
  bool scalar(const Value& value);
  void refuse(const std::string& found) { fail(place(), "wanted " + wanted_here() + ", found " + found); }
  [[noreturn]] void refuse_key();
  void set(const Value& value, std::size_t at_line);

  const std::string_view text_;
  const std::string& name_;
  const std::string& origin_;
  const Context& context_;
  Config& config_;

  const char* reached_ = text_.data();
  const char* counted_to_ = text_.data();
  std::size_t line_ = 1;  // of the byte at counted_to_

  nlohmann::json::json_pointer pointer_;     // of the value that comes next or is being read
  const Key* key_ = nullptr;                 // of that value; null for an object
  std::size_t depth_ = 0;                    // of objects that are open
  std::map<std::string, std::size_t> seen_;  // the line of each key
  bool in_array_ = false;                    // pointer_ is then that of the next element
  std::size_t array_line_ = 0;
  std::vector<std::string> elements_;
};

constexpr std::string_view kSchemaPointer = "/$schema";  // names a schema for editors; it means nothing to the runtime

std::size_t Reader::line() {
  const char* const token = reached_ == text_.data() ? reached_ : reached_ - 1;
  line_ += static_cast<std::size_t>(std::count(counted_to_, std::max(token, counted_to_), '\n'));
  counted_to_ = std::max(token, counted_to_);
  return line_;
}

std::string Reader::place() {
  const std::string key = pointer_.empty() ? "" : ": " + printable(pointer_.to_string());
  return name_ + ":" + std::to_string(line()) + key;
}

std::string Reader::wanted_here() const {
  if (in_array_) return std::string(wanted_element(*key_));
  if (key_) return wanted(*key_);
  return pointer_.to_string() == kSchemaPointer ? "the address of a schema in quotes" : "an object";
}

void Reader::set(const Value& value, std::size_t at_line) {
  assign(*key_, value, config_, context_, place());
  config_.origins[std::string(key_->pointer)] = origin_ + ":" + std::to_string(at_line);
  pointer_.pop_back();
}

bool Reader::scalar(const Value& value) {
  if (in_array_ || !key_) refuse(value.shown);
  set(value, line());
  return true;
}

bool Reader::number_float(double value, const std::string& digits) {
  // 1e3 and 4.0 are whole numbers, in JSON Schema too.
  constexpr double kExact = 9007199254740992.0;  // every whole number up to 2^53 is a double
  if (value >= 0 && value <= kExact && value == static_cast<double>(static_cast<std::uint64_t>(value)))
    return scalar({static_cast<std::uint64_t>(value), printable(digits)});
  return scalar({Other{}, printable(digits)});
}

bool Reader::string(std::string& text) {
  if (in_array_) {
    elements_.push_back(expanded_element(*key_, text, context_, place()));
    pointer_.pop_back();
    pointer_.push_back(std::to_string(elements_.size()));
    return true;
  }
  if (key_) return scalar(expanded_value(text, context_, place()));
  if (pointer_.to_string() != kSchemaPointer) refuse(in_quotes(text));
  pointer_.pop_back();
  return true;
}

bool Reader::start_object(std::size_t) {
  const bool expected = depth_ == 0 || (!key_ && !in_array_ && pointer_.to_string() != kSchemaPointer);
  if (!expected) refuse("an object");
  ++depth_;
  return true;
}

bool Reader::end_object() {
  if (--depth_ > 0) pointer_.pop_back();
  return true;
}

bool Reader::start_array(std::size_t) {
  if (in_array_ || !key_ || !is_list(*key_)) refuse("an array");
  in_array_ = true;
  array_line_ = line();
  elements_.clear();
  pointer_.push_back("0");
  return true;
}

bool Reader::end_array() {
  in_array_ = false;
  pointer_.pop_back();
  set({std::move(elements_), "an array"}, array_line_);
  return true;
}

bool Reader::key(std::string& name) {
  pointer_.push_back(name);
  const std::string pointer = pointer_.to_string();
  const auto [first, is_new] = seen_.emplace(pointer, line());
  if (!is_new)
    fail(place(), "this key is given twice, first on line " + std::to_string(first->second) + "; remove one of the two");
  key_ = find_key(pointer);
  if (!key_ && !is_section(pointer) && pointer != kSchemaPointer) refuse_key();
  return true;
}

void Reader::refuse_key() {
  const std::string section = pointer_.parent_pointer().to_string();
  std::vector<std::string> siblings;  // names in this object
  std::vector<std::string> leaves;    // last names of all keys, in the table's order
  for (const Key& known : keys()) {
    leaves.emplace_back(known.pointer.substr(known.pointer.rfind('/') + 1));
    if (!known.pointer.starts_with(section + "/")) continue;
    const std::string_view rest = known.pointer.substr(section.size() + 1);
    const std::string name(rest.substr(0, rest.find('/')));
    if (siblings.empty() || siblings.back() != name) siblings.push_back(name);
  }
  const std::string sibling = nearest(pointer_.back(), siblings);
  if (!sibling.empty()) fail(place(), "no such key; did you mean " + section + "/" + sibling + "?");
  // Perhaps it was put into the wrong object.
  const auto leaf = std::ranges::find(leaves, nearest(pointer_.back(), leaves));
  if (leaf != leaves.end())
    fail(place(), "no such key; did you mean " + std::string(keys()[leaf - leaves.begin()].pointer) + "?");
  fail(place(), "no such key; " + (section.empty() ? "the keys here" : "the keys in " + section) + " are " +
                    listed(siblings, "and"));
}

bool Reader::parse_error(std::size_t position, const std::string&, const nlohmann::json::exception& error) {
  // The library counts the end of the text as a byte that it has read.
  const std::string_view before = text_.substr(0, position > 0 ? std::min(position - 1, text_.size()) : 0);
  const std::size_t line = 1 + static_cast<std::size_t>(std::ranges::count(before, '\n'));
  const std::size_t line_start = before.rfind('\n') + 1;  // 0 when there is none: npos + 1
  const std::string place = name_ + ":" + std::to_string(line) + ":" + std::to_string(before.size() - line_start + 1);
  if (error.id == 406) fail(place, "not valid JSON: a number is too large");
  // Without the library's own position in front, and without the token behind, which may be megabytes of anything.
  std::string_view problem = error.what();
  problem = problem.substr(0, problem.find("; last read: '"));
  problem.remove_prefix(problem.find(": ") + 2);
  fail(place, "not valid JSON: " + std::string(problem));
}

}  // namespace

void read_json(std::string_view text, const std::string& name, const std::string& origin, const Context& context,
               Config& config) {
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos)
    fail(name, "the file is empty; wanted a JSON object: {} takes every default");
  Reader(text, name, origin, context, config).read();
}

}  // namespace heddle::config
