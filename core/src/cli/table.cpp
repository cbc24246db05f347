#include "cli/table.hpp"

#include "cli/text.hpp"

#include <algorithm>
#include <cstddef>

namespace heddle::cli {

namespace {

constexpr std::size_t kGap = 2;
constexpr std::size_t kNarrowest = 20;  // of the last column, however wide the others are

std::string padded(const std::string& cell, std::size_t width, bool right) {
  const std::string blanks(width - std::min(width, width_of(cell)), ' ');
  return right ? blanks + cell : cell + blanks;
}

}  // namespace

std::string Table::text() const {
  std::vector<std::vector<std::string>> lines;
  std::vector<std::string> titles;
  for (const Column& column : columns_) titles.push_back(column.title);
  if (!std::ranges::all_of(titles, &std::string::empty)) lines.push_back(titles);
  lines.insert(lines.end(), rows_.begin(), rows_.end());

  std::vector<std::size_t> widths(columns_.size());
  for (const auto& line : lines)
    for (std::size_t i = 0; i < widths.size(); ++i) widths[i] = std::max(widths[i], width_of(line[i]));
  std::size_t before = 0;  // the columns that the last one stands behind
  for (std::size_t i = 0; i + 1 < widths.size(); ++i) before += widths[i] + kGap;
  widths.back() = std::min(widths.back(), before + kNarrowest < kWidth ? kWidth - before : kNarrowest);

  std::string out;
  for (const auto& line : lines) {
    std::string text;
    for (std::size_t i = 0; i + 1 < widths.size(); ++i)
      text += padded(line[i], widths[i], columns_[i].right) + std::string(kGap, ' ');
    for (const std::string& part : wrap(line.back(), widths.back())) {
      text += padded(part, widths.back(), columns_.back().right);
      text.erase(text.find_last_not_of(' ') + 1);
      out += text + "\n";
      text.assign(before, ' ');
    }
  }
  return out;
}

}  // namespace heddle::cli
