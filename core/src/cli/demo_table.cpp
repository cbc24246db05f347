// The table of the demo and the sentences below it.
#include "base/paths.hpp"
#include "cli/demo_report.hpp"
#include "cli/table.hpp"
#include "cli/text.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <array>

namespace heddle::cli {

namespace {

constexpr const char* kScale = "1µs   1ms   1s";  // one character a bucket
constexpr std::int64_t kClearly = 10;             // a strategy that helps is at least so many times better at p99

// The fullest bucket is a full block, and one that holds anything is not empty.
std::string bars(const Histogram& histogram) {
  static constexpr std::array kBars = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  const std::uint64_t fullest = std::max<std::uint64_t>(1, *std::ranges::max_element(histogram));
  std::string text;
  for (const std::uint64_t count : histogram) text += kBars[(count * (kBars.size() - 1) + fullest - 1) / fullest];
  return text;
}

std::vector<std::string> row(const DemoResult& result, const DemoResult* none) {
  if (!result.fault.empty()) return {strategy_label(result.strategy), "", "", "", "failed", "", "", "", ""};
  std::vector<std::string> cells = {strategy_label(result.strategy)};
  for (const double share : {0.5, 0.99, 1.0})
    cells.push_back(result.lateness.empty() ? "-" : duration_text(result.percentile(share)));
  cells.push_back(bars(result.histogram()));
  cells.push_back(fmt::format("{:.1f}", result.bytes_per_second() / 1e6));
  cells.push_back(none ? fmt::format("{:.0f} %", 100 * result.bytes_per_second() / none->bytes_per_second()) : "-");
  cells.push_back(count_text(result.preemptions + result.checkpoint_preemptions));
  cells.push_back(result.verified == result.blocks ? "yes" : fmt::format("only {}", result.verified));
  return cells;
}

// "4,200 times less" where it is worth a word.
std::string compared(const DemoResult& result, const DemoResult* none) {
  if (!none || none->lateness.empty()) return "";
  const double times = static_cast<double>(none->percentile(0.99)) /
                       static_cast<double>(std::max<std::int64_t>(1, result.percentile(0.99)));
  return times < 2 ? ", no better than none"
                   : fmt::format(", {} times less than under none", count_text(static_cast<std::uint64_t>(times)));
}

std::string sentence(const DemoResult& result, const DemoResult* none) {
  const std::string name = strategy_label(result.strategy);
  if (!result.fault.empty()) return fmt::format("{}: no result. {}", name, result.fault);
  if (result.lateness.empty())
    return fmt::format("{}: the work was done before the first tick; give it more --seconds.", name);
  const std::string p99 = duration_text(result.percentile(0.99));
  if (result.strategy == "none")
    return fmt::format("none: nothing stops a fiber that computes, so the ticker starves: up to {} late.",
                       duration_text(result.percentile(1)));
  if (result.strategy == "cooperative")
    return fmt::format(
        "cooperative: deflate is left alone until its block is done and it calls checkpoint(): p99 {}{}.", p99,
        compared(result, none));
  if (result.preemptions == 0)
    return fmt::format(
        "{}: deflate was never stopped between two instructions, only at checkpoints: p99 {}{}. With preempter.resume "
        "any-thread that is so, as zlib is not the main program; else see `heddle doctor`.",
        name, p99, compared(result, none));
  if (none && none->percentile(0.99) < kClearly * result.percentile(0.99))
    return fmt::format("{}: p99 {}{}. `heddle doctor` tells whether it works here.", name, p99, compared(result, none));
  return fmt::format("{}: the runtime stops deflate at whatever instruction it is: p99 {}{}.", name, p99,
                     compared(result, none));
}

}  // namespace

std::string strategy_label(const std::string& strategy) {
  constexpr std::size_t kLongest = 13;  // what fits before the figures of the plot's legend
  const std::string name = base::text_of(base::path_of(strategy).filename());
  return width_of(name) <= kLongest ? name : wrap(name, kLongest - 1).front() + "…";
}

const DemoResult* baseline(const std::vector<DemoResult>& results) {
  const auto none = std::ranges::find(results, "none", &DemoResult::strategy);
  return none != results.end() && none->ok() ? &*none : nullptr;
}

std::string demo_table(const DemoSetting& setting, const std::vector<DemoResult>& results) {
  const DemoResult* const none = baseline(results);
  const auto measured = std::ranges::find_if(results, [](const DemoResult& each) { return each.fault.empty(); });
  std::string text;
  if (measured != results.end())
    text = paragraph(fmt::format(
               "{} fibers on {} processors deflate and verify {} blocks of {} from {} {}; beside them one fiber wakes "
               "every millisecond. The same program, once for each strategy:",
               measured->fibers, measured->processors, count_text(setting.blocks), size_text(setting.block_bytes),
               setting.files.size(), setting.files.size() == 1 ? "file" : "files")) +
           "\n";
  Table table({{"STRATEGY"},
               {"LATE P50", true},
               {"P99", true},
               {"MAX", true},
               {kScale},
               {"MB/S", true},
               {"OF NONE", true},
               {"PREEMPTED", true},
               {"VERIFIED"}});
  for (const DemoResult& result : results) table.add(row(result, none));
  text += table.text() + "\n";
  for (const DemoResult& result : results) text += paragraph(sentence(result, none));
  return text + "\n" +
         paragraph(
             "LATE is how long after its millisecond a tick ran, ticks that the ticker missed included; the bars are "
             "its distribution on "
             "a logarithmic axis. MB/S counts bytes before compression, PREEMPTED the times that a fiber had to give "
             "way, VERIFIED "
             "whether every block came back as it was.");
}

}  // namespace heddle::cli
