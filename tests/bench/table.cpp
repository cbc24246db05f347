// The report for a terminal.
#include "bench/report.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <vector>

namespace heddle::bench {

namespace {

constexpr std::size_t kGap = 2;

// Columns that the text takes: every character that is printed here takes one.
std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char byte) { return (static_cast<unsigned char>(byte) & 0xc0) != 0x80; }));
}

std::string cell(const Row& row, const std::string& library) {
  const auto found = row.of(library);
  if (!found) return "–";
  std::string text = value_text(found->median, row.unit);
  if (row.values.at(library).size() > 1)
    text += fmt::format(" ({} – {})", value_text(found->least, row.unit), value_text(found->most, row.unit));
  return text;
}

using Line = std::vector<std::string>;

// Without a column for a library that has nothing in the whole group.
std::vector<Line> lines_of(const std::vector<Row>& rows) {
  std::vector<Line> lines{{""}};
  for (const Row& row : rows) lines.push_back({"  " + row.title()});
  for (const Library& library : libraries()) {
    if (std::ranges::none_of(rows, [&](const Row& row) { return row.values.contains(library.id); })) continue;
    lines.front().push_back(library.name);
    for (std::size_t i = 0; i < rows.size(); ++i) lines[i + 1].push_back(cell(rows[i], library.id));
  }
  return lines;
}

std::string aligned(std::vector<Line> lines) {
  std::string out;
  std::vector<std::size_t> widths(lines.front().size());
  for (const Line& line : lines)
    for (std::size_t i = 0; i < widths.size(); ++i) widths[i] = std::max(widths[i], width_of(line[i]));
  for (const Line& line : lines) {
    std::string text;
    for (std::size_t i = 0; i < widths.size(); ++i)
      text += line[i] + std::string(widths[i] - width_of(line[i]) + kGap, ' ');
    text.erase(text.find_last_not_of(' ') + 1);
    out += text + "\n";
  }
  return out;
}

std::string name_of(const std::string& library) {
  return std::ranges::find(libraries(), library, &Library::id)->name;
}

}  // namespace

std::string table(const Results& results) {
  std::string out;
  for (const Group& group : groups()) {
    std::vector<Row> rows;
    for (const Subject& subject : group.subjects) std::ranges::copy(results.rows_of(subject), std::back_inserter(rows));
    if (rows.empty()) continue;
    std::vector<Line> lines = lines_of(rows);
    lines.front().front() = group.title;
    out += aligned(std::move(lines)) + "\n";
  }
  if (!results.empty())
    out += "Median (least – most) of the rounds; less is better everywhere but in wakes a second.\n";
  for (const Results::Fault& fault : results.faults())
    out += fmt::format("Not measured: {}, {}: {}\n", fault.subject->id, name_of(fault.library), fault.why);
  return out;
}

}  // namespace heddle::bench
