// demo_report: the demo's results side by side, as a table for the terminal and as a plot.
#pragma once

#include "cli/demo_result.hpp"

#include <string>
#include <vector>

namespace heddle::cli {

/// What was run, for the head of a report.
struct DemoSetting {
  std::vector<std::string> files;
  std::uint64_t input_bytes = 0;
  std::uint64_t blocks = 0;
  std::size_t block_bytes = 0;
};

/// A strategy's name as reports have it, short enough for a column: of a library the file's name.
std::string strategy_label(const std::string& strategy);

/// The result of strategy `none`; null when it has none.
const DemoResult* baseline(const std::vector<DemoResult>& results);

/// A table, what its columns mean, and a sentence for each strategy that says what to see.
std::string demo_table(const DemoSetting& setting, const std::vector<DemoResult>& results);

/// An SVG drawing: for each strategy, the share of ticks that were at most so late.
std::string demo_svg(const DemoSetting& setting, const std::vector<DemoResult>& results);

}  // namespace heddle::cli
