// The three forms of the report.
#pragma once

#include "bench/results.hpp"

#include <string>

namespace heddle::bench {

/// Facts about the run that belong into every report.
struct Setting {
  std::string machine;   // "Linux 6.18.44, x86_64, 2 cores"
  std::string compiler;  // of the C++ parts
  int rounds = 0;
};

/// Median and range of each library; then what could not be measured, and why.
std::string table(const Results& results);

/// Described in docs/benchmarks.md.
std::string json(const Setting& setting, const Results& results);

/// A row for each measure of time or memory, on a logarithmic axis of multiples of Heddle's median.
std::string svg(const Setting& setting, const Results& results);

}  // namespace heddle::bench
