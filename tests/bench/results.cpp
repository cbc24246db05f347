#include "bench/results.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <cmath>

namespace heddle::bench {

namespace {

std::string three_digits(double value) {
  const double size = std::abs(value);
  return fmt::format("{:.{}f}", value, size < 9.995 ? 2 : size < 99.95 ? 1 : 0);
}

std::string scaled(double value, double factor, const std::array<const char*, 4>& units) {
  std::size_t unit = 0;
  for (; unit + 1 < units.size() && std::abs(value) >= 0.9995 * factor; ++unit) value /= factor;
  return three_digits(value) + " " + units[unit];
}

}  // namespace

Summary summary(std::vector<double> values) {
  std::ranges::sort(values);
  const std::size_t half = values.size() / 2;
  const double median = values.size() % 2 ? values[half] : (values[half - 1] + values[half]) / 2;
  return {median, values.front(), values.back()};
}

std::optional<Summary> Row::of(const std::string& library) const {
  const auto found = values.find(library);
  if (found == values.end()) return std::nullopt;
  return summary(found->second);
}

std::string Row::title() const {
  return alone ? subject->title : subject->title + ": " + measure;
}

void Results::add(const Subject& subject, const std::string& library, const std::vector<Figure>& figures) {
  for (const Figure& figure : figures) {
    auto row = std::ranges::find_if(
        rows_, [&](const Row& each) { return each.subject == &subject && each.measure == figure.measure; });
    if (row == rows_.end()) row = rows_.insert(row, Row{&subject, figure.measure, figure.unit, figures.size() == 1});
    row->values[library].push_back(figure.value);
  }
}

void Results::add_fault(const Subject& subject, const std::string& library, const std::string& fault) {
  if (!has_fault(subject, library)) faults_.push_back({&subject, library, fault});
}

bool Results::has_fault(const Subject& subject, const std::string& library) const {
  return std::ranges::any_of(faults_,
                             [&](const Fault& each) { return each.subject == &subject && each.library == library; });
}

std::vector<Row> Results::rows_of(const Subject& subject) const {
  std::vector<Row> rows;
  std::ranges::copy_if(rows_, std::back_inserter(rows), [&](const Row& row) { return row.subject == &subject; });
  return rows;
}

std::string value_text(double value, const std::string& unit) {
  if (unit == "ns") return scaled(value, 1000, {"ns", "µs", "ms", "s"});
  if (unit == "%") return fmt::format("{:.2f} %", value);
  return fmt::format("{:.0f} {}", value, unit);
}

}  // namespace heddle::bench
