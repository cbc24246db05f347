#include "config/units.hpp"

#include <array>
#include <charconv>
#include <limits>
#include <span>

namespace heddle::config {

namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

// The largest first, so that printing finds it first.
constexpr std::array kDurationUnits = {Unit{"s", 1'000'000'000}, Unit{"ms", 1'000'000}, Unit{"us", 1'000}, Unit{"ns", 1}};
constexpr std::array kSizeUnits = {Unit{"GiB", 1u << 30}, Unit{"MiB", 1u << 20}, Unit{"KiB", 1u << 10}, Unit{"B", 1}};

std::optional<std::uint64_t> parse(std::string_view text, std::span<const Unit> units, std::uint64_t most) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const std::optional<std::uint64_t> number = parse_count(text.substr(0, digits));
  if (!number) return std::nullopt;
  for (const Unit& unit : units) {
    if (text.substr(digits) != unit.name) continue;
    if (*number > most / unit.factor) return std::nullopt;
    return *number * unit.factor;
  }
  return std::nullopt;
}

std::string format(std::uint64_t value, std::span<const Unit> units) {
  const Unit* unit = units.data();
  while (value % unit->factor != 0) ++unit;  // ends at the last unit, whose factor is 1
  return std::to_string(value / unit->factor).append(unit->name);
}

}  // namespace

std::optional<std::uint64_t> parse_count(std::string_view text) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || rest != end) return std::nullopt;
  return number;
}

std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::chrono::nanoseconds::rep>::max();
  const std::optional<std::uint64_t> count = parse(text, kDurationUnits, kMost);
  if (!count) return std::nullopt;
  return std::chrono::nanoseconds(*count);
}

std::string format_duration(std::chrono::nanoseconds duration) {
  return format(static_cast<std::uint64_t>(duration.count()), kDurationUnits);
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  return parse(text, kSizeUnits, std::numeric_limits<std::uint64_t>::max());
}

std::string format_size(std::uint64_t bytes) {
  return bytes == 0 ? "0B" : format(bytes, kSizeUnits);
}

}  // namespace heddle::config
