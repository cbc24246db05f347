// How much work the demo's children are given. It is counted here, once, so that every strategy does the same.
#include "cli/demo_input.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <thread>

namespace heddle::cli {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kSample{100};

}  // namespace

std::uint64_t calibrate(const Input& input, unsigned processors, double seconds) {
  const unsigned cpus = std::max(1U, std::thread::hardware_concurrency());
  const unsigned working = processors == 0 ? cpus : std::min(processors, cpus);
  RoundTrip round_trip(kBlockBytes);
  const Clock::time_point start = Clock::now();
  double sampled = 0;
  // Not from the first block on: the files differ, and the work goes round all of them.
  for (std::size_t i = 0; i == 0 || Clock::now() - start < kSample; ++i) {
    const Block block = input.blocks[i * 7 % input.blocks.size()];
    round_trip(block);
    sampled += static_cast<double>(block.size());
  }
  const double bytes_per_second = sampled / std::chrono::duration<double>(Clock::now() - start).count();
  const double block_bytes = static_cast<double>(input.bytes) / static_cast<double>(input.blocks.size());
  const double blocks = std::ceil(bytes_per_second * working * seconds / block_bytes);
  return std::max<std::uint64_t>(static_cast<std::uint64_t>(blocks), 4 * std::uint64_t{working});
}

}  // namespace heddle::cli
