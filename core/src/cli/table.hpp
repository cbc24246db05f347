// Table: rows of text in aligned columns, no wider than text.hpp's kWidth: the last column takes what is left, and
// wraps.
#pragma once

#include <string>
#include <vector>

namespace heddle::cli {

struct Column {
  std::string title;
  bool right = false;  ///< numbers: aligned at their end
};

class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  /// REQUIRES: one cell for each column.
  void add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }

  /// The titles, unless all are empty, and the rows. No line ends in a blank.
  std::string text() const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace heddle::cli
