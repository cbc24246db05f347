#include "cli/text.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <array>

namespace heddle::cli {

namespace {

// Three digits, whatever the size.
std::string three_digits(double value) {
  if (value < 9.995) return fmt::format("{:.2f}", value);
  if (value < 99.95) return fmt::format("{:.1f}", value);
  return fmt::format("{:.0f}", value);
}

bool starts_character(char byte) {
  return (static_cast<unsigned char>(byte) & 0xc0) != 0x80;
}

// Where the first `columns` characters of the text end.
std::size_t bytes_of(std::string_view text, std::size_t columns) {
  std::size_t at = 0;
  for (; at < text.size(); ++at)
    if (starts_character(text[at]) && columns-- == 0) break;
  return at;
}

void wrap_line(std::string_view line, std::size_t width, std::vector<std::string>& out) {
  const std::string_view indent = line.substr(0, std::min(line.find_first_not_of(' '), line.size()));
  while (width_of(line) > width) {
    const std::size_t end = bytes_of(line, width);
    std::size_t blank = line.rfind(' ', end);
    if (blank == std::string_view::npos || blank < indent.size()) blank = end;
    out.emplace_back(line.substr(0, blank));
    line.remove_prefix(blank);
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  }
  out.emplace_back(line);
}

}  // namespace

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, starts_character));
}

std::string duration_text(std::int64_t nanoseconds) {
  if (nanoseconds < 1000) return fmt::format("{} ns", nanoseconds);
  static constexpr std::array kUnits = {"µs", "ms", "s"};
  auto value = static_cast<double>(nanoseconds) / 1000;
  std::size_t unit = 0;
  for (; unit + 1 < kUnits.size() && value >= 999.5; ++unit) value /= 1000;
  return three_digits(value) + " " + kUnits[unit];
}

std::string cost_text(double nanoseconds) {
  return nanoseconds < 1000 ? fmt::format("{:.1f} ns", nanoseconds) : duration_text(static_cast<std::int64_t>(nanoseconds));
}

std::string size_text(std::uint64_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  static constexpr std::array kUnits = {"KiB", "MiB", "GiB", "TiB"};
  auto value = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  for (; unit + 1 < kUnits.size() && value >= 999.5; ++unit) value /= 1024;
  return three_digits(value) + " " + kUnits[unit];
}

std::string count_text(std::uint64_t count) {
  const std::string digits = std::to_string(count);
  std::string out;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) out += ',';
    out += digits[i];
  }
  return out;
}

std::vector<std::string> wrap(std::string_view text, std::size_t width) {
  std::vector<std::string> out;
  for (;;) {
    const std::size_t end = text.find('\n');
    wrap_line(text.substr(0, end), width, out);
    if (end == std::string_view::npos) return out;
    text.remove_prefix(end + 1);
  }
}

std::string paragraph(std::string_view text) {
  return fmt::format("{}\n", fmt::join(wrap(text, kWidth), "\n"));
}

}  // namespace heddle::cli
