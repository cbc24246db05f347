// See ratio_table.hpp.
#include "bench/ratio_table.hpp"

#include <algorithm>
#include <iomanip>
#include <ostream>
#include <sstream>

namespace heddle::bench {
namespace {

constexpr const char* kHeddle = "Heddle";
constexpr int kNameWidth = 36;
constexpr int kTimeWidth = 28;

/// REQUIRES: values is sorted and not empty.
double median(const std::vector<double>& values) {
  const std::size_t half = values.size() / 2;
  return values.size() % 2 ? values[half] : (values[half - 1] + values[half]) / 2;
}

std::string time_column(const std::vector<double>& values) {
  std::ostringstream text;
  text << std::fixed << std::setprecision(1) << median(values) << " (" << values.front() << " – " << values.back() << ")";
  return text.str();
}

/// Pads to the right by characters, not bytes: the dash of a range has three bytes.
std::string padded(std::string text, int width) {
  const auto characters = std::count_if(text.begin(), text.end(),
                                        [](char byte) { return (static_cast<unsigned char>(byte) & 0xc0) != 0x80; });
  text.append(static_cast<std::size_t>(std::max<std::ptrdiff_t>(0, width - characters)), ' ');
  return text;
}

}  // namespace

bool RatioTable::ReportContext(const Context& context) {
  GetErrorStream() << "Measuring for about a minute …\n";
  if (context.cpu_info.scaling == benchmark::CPUInfo::ENABLED) {
    GetErrorStream() << "The processors change their frequency: expect wide ranges.\n";
  }
  return true;
}

void RatioTable::ReportRuns(const std::vector<Run>& runs) {
  for (const Run& run : runs) {
    const std::string& name = run.run_name.function_name;
    if (run.error_occurred) {
      GetErrorStream() << name << ": " << run.error_message << "\n";
      failed_ = true;
    } else if (run.run_type == Run::RT_Iteration) {
      const double per_second = run.counters.at("items_per_second");
      subject(run).nanoseconds[name.substr(name.rfind('/') + 1)].push_back(1e9 / per_second);
    }
  }
}

RatioTable::Subject& RatioTable::subject(const Run& run) {
  const std::string& full = run.run_name.function_name;
  const std::string name = full.substr(0, full.rfind('/'));
  const auto found = std::find_if(subjects_.begin(), subjects_.end(), [&](const Subject& s) { return s.name == name; });
  Subject& subject = found != subjects_.end() ? *found : subjects_.emplace_back(Subject{run.family_index, name, {}});
  subject.index = std::min(subject.index, run.family_index);
  return subject;
}

void RatioTable::print(const Subject& subject) {
  std::ostream& out = GetOutputStream();
  const auto heddle = subject.nanoseconds.find(kHeddle);
  if (heddle == subject.nanoseconds.end()) return;
  out << padded(subject.name, kNameWidth) << padded(time_column(heddle->second), kTimeWidth);
  for (const auto& [library, times] : subject.nanoseconds) {
    if (library == kHeddle) continue;
    std::ostringstream ratio;
    ratio << std::fixed << std::setprecision(2) << median(times) / median(heddle->second) << " x";
    out << padded(time_column(times), kTimeWidth) << padded(ratio.str(), 10) << library;
  }
  out << "\n";
}

void RatioTable::Finalize() {
  std::sort(subjects_.begin(), subjects_.end(), [](const Subject& a, const Subject& b) { return a.index < b.index; });
  for (Subject& subject : subjects_) {
    for (auto& [library, times] : subject.nanoseconds) std::sort(times.begin(), times.end());
  }
  GetOutputStream() << padded("ns: median (range)", kNameWidth) << padded(kHeddle, kTimeWidth)
                    << padded("other", kTimeWidth) << padded("ratio", 10) << "other is\n";
  for (const Subject& subject : subjects_) print(subject);
  GetOutputStream() << "The ratio is the other's median divided by Heddle's: above 1 Heddle is the faster.\n";
}

}  // namespace heddle::bench
