#include "cli/demo_result.hpp"

#include <algorithm>
#include <cmath>

namespace heddle::cli {

namespace {

constexpr double kFirst = 1000;   // nanoseconds where the first bucket begins
constexpr double kPerDecade = 2;  // buckets

}  // namespace

double bucket_from(std::size_t bucket) {
  return kFirst * std::pow(10.0, static_cast<double>(bucket) / kPerDecade);
}

std::int64_t DemoResult::percentile(double share) const {
  const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(lateness.size())));
  return lateness[std::clamp<std::size_t>(rank, 1, lateness.size()) - 1];
}

Histogram DemoResult::histogram() const {
  Histogram histogram{};
  for (const std::int64_t ns : lateness) {
    std::size_t bucket = 0;
    while (bucket + 1 < kBuckets && static_cast<double>(ns) >= bucket_from(bucket + 1)) ++bucket;
    ++histogram[bucket];
  }
  return histogram;
}

nlohmann::ordered_json summary(const DemoResult& result, const DemoResult* none) {
  nlohmann::ordered_json json = {{"strategy", result.strategy}, {"ok", result.ok()}};
  if (!result.fault.empty()) {
    json["fault"] = result.fault;
    return json;
  }
  json["processors"] = result.processors;
  json["fibers"] = result.fibers;
  json["blocks"] = result.blocks;
  json["verified_blocks"] = result.verified;
  json["bytes"] = result.bytes;
  json["seconds"] = result.seconds;
  json["bytes_per_second"] = result.bytes_per_second();
  if (none) json["throughput_of_none"] = result.bytes_per_second() / none->bytes_per_second();
  json["preemptions"] = result.preemptions;
  json["checkpoint_preemptions"] = result.checkpoint_preemptions;
  json["preemption_requests"] = result.preemption_requests;
  json["refused_preemptions"] = result.refused_preemptions;
  nlohmann::ordered_json late = {{"ticks", result.lateness.size()}};
  if (!result.lateness.empty()) {
    for (const auto& [name, share] : {std::pair{"p50", 0.5}, {"p99", 0.99}, {"max", 1.0}})
      late[name] = result.percentile(share);
  }
  auto& buckets = late["histogram"] = nlohmann::ordered_json::array();
  const Histogram histogram = result.histogram();
  for (std::size_t i = 0; i < kBuckets; ++i)
    buckets.push_back(
        {{"from", std::llround(bucket_from(i))}, {"below", std::llround(bucket_from(i + 1))}, {"ticks", histogram[i]}});
  json["lateness_ns"] = std::move(late);
  return json;
}

}  // namespace heddle::cli
