// demo_result: what one run of the demo found, and its statistics. It travels from the child to the parent as JSON.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace heddle::cli {

/// A tick is due at every millisecond of the run. Its lateness is how long after that the ticker ran. Ticks that came
/// due while the ticker waited count too: otherwise a second of starving would look like one late tick.
inline constexpr std::int64_t kTickNs = 1'000'000;

/// Lateness from 1 µs to 10 s, two buckets a power of ten; what is below or above counts in the first or last.
inline constexpr std::size_t kBuckets = 14;
using Histogram = std::array<std::uint64_t, kBuckets>;

/// Where a bucket begins, in nanoseconds. REQUIRES: bucket <= kBuckets.
double bucket_from(std::size_t bucket);

struct DemoResult {
  std::string strategy;
  std::string fault;  ///< why there is no result; empty when there is one
  std::uint64_t processors = 0;
  std::uint64_t fibers = 0;  ///< that deflate
  double seconds = 0;        ///< from the first block's start to the last one's end
  std::uint64_t bytes = 0;   ///< deflated
  std::uint64_t blocks = 0;
  std::uint64_t verified = 0;  ///< blocks that came back as they were
  std::uint64_t preemptions = 0;
  std::uint64_t checkpoint_preemptions = 0;
  std::uint64_t preemption_requests = 0;
  std::uint64_t refused_preemptions = 0;  ///< requests that found code which must not be stopped
  std::vector<std::int64_t> lateness;     ///< nanoseconds, ascending

  bool ok() const { return fault.empty() && verified == blocks && !lateness.empty(); }
  double bytes_per_second() const { return seconds > 0 ? static_cast<double>(bytes) / seconds : 0; }

  /// The lateness that a share of all ticks does not exceed. REQUIRES: lateness is not empty, 0 < share <= 1.
  std::int64_t percentile(double share) const;
  Histogram histogram() const;
};

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(DemoResult, strategy, fault, processors, fibers, seconds, bytes, blocks, verified,
                                   preemptions, checkpoint_preemptions, preemption_requests, refused_preemptions, lateness)

/// The entry of one strategy in what `heddle demo --json` prints; `none` is the run to compare with, null when it has
/// no result.
nlohmann::ordered_json summary(const DemoResult& result, const DemoResult* none);

}  // namespace heddle::cli
