// The report for a terminal.
#include "bench/report.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <map>
#include <utility>
#include <vector>

namespace heddle::bench {

namespace {

constexpr std::size_t kGap = 2;

// Columns that the text takes: every character that is printed here takes one.
std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char byte) { return (static_cast<unsigned char>(byte) & 0xc0) != 0x80; }));
}

// "8.31 ns (8.02 – 9.10)": the unit is said again only where it is another one.
std::string cell(const Row& row, const std::string& library) {
  const auto found = row.of(library);
  if (!found) return "–";
  const std::string median = value_text(found->median, row.unit);
  if (row.values.at(library).size() == 1) return median;
  const std::string unit = median.substr(median.find(' '));
  std::string least = value_text(found->least, row.unit);
  std::string most = value_text(found->most, row.unit);
  if (least.ends_with(unit) && most.ends_with(unit)) {
    least.resize(least.size() - unit.size());
    most.resize(most.size() - unit.size());
  }
  return fmt::format("{} ({} – {})", median, least, most);
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

/// A line for each reason.
std::string faults_text(const std::vector<Results::Fault>& faults) {
  std::map<std::pair<std::string, std::string>, std::string> subjects;  // by library and reason
  for (const Results::Fault& fault : faults) {
    std::string& ids = subjects[{fault.library, fault.why}];
    ids += (ids.empty() ? "" : ", ") + fault.subject->id;
  }
  std::string out;
  for (const auto& [key, ids] : subjects) {
    const std::string& name = std::ranges::find(libraries(), key.first, &Library::id)->name;
    out += fmt::format("Not measured, {}: {}: {}\n", name, ids, key.second);
  }
  return out;
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
  return out + faults_text(results.faults());
}

}  // namespace heddle::bench
