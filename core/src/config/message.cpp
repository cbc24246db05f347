#include "config/message.hpp"

#include <heddle/error.hpp>

#include <nlohmann/json.hpp>

namespace heddle::config {

namespace {

constexpr std::size_t kMaxShown = 120;

bool continues_character(char byte) {
  return (static_cast<unsigned char>(byte) & 0xc0) == 0x80;
}

}  // namespace

std::string in_quotes(std::string_view text) {
  std::string shown(text.substr(0, kMaxShown));
  if (shown.size() < text.size()) {
    std::size_t end = shown.size();
    // A character is at most four bytes long; more bytes that continue one are no UTF-8 and stay.
    for (int i = 0; i < 3 && continues_character(text[end]); ++i) --end;
    shown.resize(end);
    shown += "...";
  }
  return nlohmann::json(std::move(shown)).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string printable(std::string_view text) {
  const std::string quoted = in_quotes(text);
  return quoted.substr(1, quoted.size() - 2);
}

std::string listed(const std::vector<std::string>& items, std::string_view conjunction) {
  std::string result;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i > 0) result += i + 1 < items.size() ? std::string(", ") : " " + std::string(conjunction) + " ";
    result += items[i];
  }
  return result;
}

void fail(const std::string& place, const std::string& problem) {
  throw ConfigError(place + ": " + problem);
}

}  // namespace heddle::config
