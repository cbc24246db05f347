// units: durations and sizes as runtime.json writes them, a whole number and a unit without a space: "100us", "64KiB".
//
// A fraction ("1.5ms") was rejected: a smaller unit says the same, and only then is printing the inverse of reading.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace heddle::config {

/// Units ns, us, ms, s. Empty when the text is none or too large for nanoseconds in 64 bits.
std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text);

/// In the largest unit that leaves a whole number; zero is "0s". REQUIRES: not negative.
std::string format_duration(std::chrono::nanoseconds duration);

/// Units B, KiB, MiB, GiB. Empty when the text is none or too large for 64 bits.
std::optional<std::uint64_t> parse_size(std::string_view text);

/// In the largest unit that leaves a whole number; zero is "0B".
std::string format_size(std::uint64_t bytes);

/// Decimal digits, and nothing else. Empty when the text is none or too large for 64 bits.
std::optional<std::uint64_t> parse_count(std::string_view text);

}  // namespace heddle::config
