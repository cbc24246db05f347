// Results: all values of each measure, by library, in the order in which they came.
#pragma once

#include "bench/child.hpp"
#include "bench/subjects.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace heddle::bench {

/// Of some values.
struct Summary {
  double median = 0;
  double least = 0;
  double most = 0;
};

/// REQUIRES: not empty.
Summary summary(std::vector<double> values);

/// A row of the report: one measure of one subject.
struct Row {
  const Subject* subject = nullptr;
  std::string measure;
  std::string unit;
  bool alone = true;                                    // the subject has no other measure
  std::map<std::string, std::vector<double>> values{};  // by a library's id

  std::optional<Summary> of(const std::string& library) const;
  std::string title() const;
};

class Results {
 public:
  void add(const Subject& subject, const std::string& library, const std::vector<Figure>& figures);

  /// Notes why a library has no value; later reasons for the same are dropped.
  void add_fault(const Subject& subject, const std::string& library, const std::string& fault);

  std::vector<Row> rows_of(const Subject& subject) const;

  struct Fault {
    const Subject* subject;
    std::string library;
    std::string why;
  };
  const std::vector<Fault>& faults() const { return faults_; }
  bool has_fault(const Subject& subject, const std::string& library) const;
  bool empty() const { return rows_.empty(); }

 private:
  std::vector<Row> rows_;
  std::vector<Fault> faults_;
};

/// Three digits and the unit: "8.31 ns", "12.3 µs", "4,097 B", "0.12 %".
std::string value_text(double value, const std::string& unit);

}  // namespace heddle::bench
