// The demo's child: two fibers for each processor deflate, one more wakes every millisecond, under whatever
// configuration it finds.
//
// The same code runs for every strategy. After each block there is a checkpoint, which is all that `cooperative` can
// use.
#include "cli/command.hpp"
#include "cli/demo_input.hpp"
#include "cli/demo_result.hpp"
#include "cli/progress.hpp"

#include <heddle/heddle.hpp>

#include <fmt/format.h>
#include <algorithm>
#include <atomic>
#include <limits>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

namespace heddle::cli {

namespace {

// What the fibers share.
struct Work {
  const Input& input;
  const std::uint64_t blocks;
  std::atomic<std::uint64_t> next = 0;
  std::atomic<std::uint64_t> bytes = 0;
  std::atomic<std::uint64_t> done = 0;
  std::atomic<std::uint64_t> verified = 0;
  std::atomic<std::int64_t> end = std::numeric_limits<std::int64_t>::max();  // nanotime() when the last block was done
};

void deflate_blocks(Work& work) {
  RoundTrip round_trip(kBlockBytes);
  for (std::uint64_t i; (i = work.next++) < work.blocks;) {
    const Block block = work.input.blocks[i % work.input.blocks.size()];
    if (round_trip(block)) ++work.verified;
    work.bytes += block.size();
    ++work.done;
    this_fiber::checkpoint();
  }
}

// Notes the lateness of every tick that is due between `start` and the end of the work.
void tick(const Work& work, std::int64_t start, std::vector<std::int64_t>& lateness) {
  for (std::int64_t due = start + kTickNs; due <= work.end;) {
    this_fiber::sleep_for(std::chrono::nanoseconds(due - nanotime()));
    const std::int64_t now = nanotime();
    for (; due <= std::min<std::int64_t>(now, work.end); due += kTickNs) lateness.push_back(now - due);
  }
}

// REQUIRES: called on a fiber.
DemoResult measure(Work& work) {
  DemoResult result;
  result.processors = stats().processors;
  result.fibers = 2 * result.processors;
  result.lateness.reserve(1 << 16);
  const std::int64_t start = nanotime();
  std::atomic<bool> ticking = false;
  Fiber ticker({.name = "ticker"}, [&] {
    ticking = true;
    tick(work, start, result.lateness);
  });
  while (!ticking) this_fiber::yield();  // or under `none` it might only start when all is over
  std::vector<Fiber> fibers;
  for (std::uint64_t i = 0; i < result.fibers; ++i)
    fibers.emplace_back(FiberOptions{.name = "deflate"}, [&work] { deflate_blocks(work); });
  for (Fiber& fiber : fibers) fiber.join();
  work.end = nanotime();
  ticker.join();
  result.seconds = static_cast<double>(work.end - start) / 1e9;
  const Stats counted = stats();
  result.preemptions = counted.preemptions;
  result.checkpoint_preemptions = counted.cooperative_preemptions;
  result.preemption_requests = counted.preemption_requests;
  result.refused_preemptions = counted.refused_preemptions;
  return result;
}

}  // namespace

int run_worker(const WorkerOptions& options) {
  const Config config = configuration(options);
  const Input input = read_input(options.files);
  Work work{input, options.blocks};
  DemoResult result;
  {
    // An ordinary thread, because under `none` no fiber could say how far the others are.
    std::jthread reporter;
    if (options.progress)
      reporter = std::jthread([&work](const std::stop_token& stop) {
        for (; !stop.stop_requested(); std::this_thread::sleep_for(std::chrono::milliseconds(100))) {
          fmt::print("{}\n", work.done.load());
          std::fflush(stdout);
        }
      });
    result = run(config, [&work] { return measure(work); });
  }
  result.bytes = work.bytes;
  result.blocks = work.blocks;
  result.verified = work.verified;
  std::ranges::sort(result.lateness);
  fmt::print("{}\n", nlohmann::json(result).dump());
  return kOk;
}

}  // namespace heddle::cli
