// text: numbers and sentences as the command prints them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace heddle::cli {

/// The width of every table and paragraph.
inline constexpr std::size_t kWidth = 100;

/// Columns that UTF-8 text takes on a terminal; every character that Heddle prints takes one.
std::size_t width_of(std::string_view text);

/// Three digits and a unit: "850 ns", "12.3 µs", "1.62 s". REQUIRES: not negative.
std::string duration_text(std::int64_t nanoseconds);

/// As duration_text(), below 1000 with one decimal: "5.3 ns".
std::string cost_text(double nanoseconds);

/// "850 B", "12.3 KiB", "96.0 MiB".
std::string size_text(std::uint64_t bytes);

/// "1,234,567".
std::string count_text(std::uint64_t count);

/// The text in lines of at most `width` columns, broken at blanks and, where a word is longer than that (a path),
/// inside it. Its own line breaks stay. At least one line.
std::vector<std::string> wrap(std::string_view text, std::size_t width);

/// wrap() as one paragraph with a line break at its end.
std::string paragraph(std::string_view text);

}  // namespace heddle::cli
