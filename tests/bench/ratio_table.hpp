// RatioTable: the reporter that sets Heddle beside what it is compared with.
#pragma once

#include <benchmark/benchmark.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace heddle::bench {

/// Collects the repetitions of benchmarks named "subject/library" and prints, at the end, a line for each subject:
/// the median and the range of the nanoseconds for one item with each library, and how many times faster than the
/// other Heddle is.
class RatioTable : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context& context) override;
  void ReportRuns(const std::vector<Run>& runs) override;
  void Finalize() override;

  bool failed() const { return failed_; }

 private:
  struct Subject {
    std::int64_t index = 0;  // in the order in which they were registered; they run in another
    std::string name;
    std::map<std::string, std::vector<double>> nanoseconds;  // by library
  };

  Subject& subject(const Run& run);
  void print(const Subject& subject);

  std::vector<Subject> subjects_;
  bool failed_ = false;
};

}  // namespace heddle::bench
