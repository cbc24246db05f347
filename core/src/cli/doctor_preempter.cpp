// The doctor's trial of preemption: a fiber computes, another waits, on one processor.
#include "cli/doctor.hpp"
#include "cli/text.hpp"

#include <heddle/heddle.hpp>

#include <fmt/format.h>
#include <atomic>
#include <chrono>

namespace heddle::cli {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kPatience{1};  // a hundred times the usual quantum

struct Outcome {
  bool gave_way = false;    // the other fiber ran before the loop ended
  std::int64_t waited = 0;  // until then, in nanoseconds
  std::uint64_t interruptions = 0;
};

// Computes until the other fiber has run or patience is at its end. Without `checkpoints` nothing in here calls the
// runtime, so that only an interruption can let the other fiber run.
Outcome compute_beside_another(bool checkpoints) {
  std::atomic<bool> ran = false;
  const Clock::time_point start = Clock::now();
  Fiber other({.name = "waiting"}, [&ran] { ran = true; });
  volatile std::uint64_t sum = 0;
  Clock::time_point now = start;
  while (!ran && now < start + kPatience) {
    for (int i = 0; i < 100'000; ++i) sum = sum + static_cast<std::uint64_t>(i);
    if (checkpoints) this_fiber::checkpoint();
    now = Clock::now();
  }
  // On a crowded machine its thread may be taken for one that blocks, and its processor goes to the other that way.
  const Stats counted = stats();
  const Outcome outcome{ran, (now - start) / std::chrono::nanoseconds(1), counted.preemptions + counted.rescues};
  other.join();
  return outcome;
}

Finding judge_none(const Outcome& alone) {
  if (alone.gave_way)
    return {false, "strategy none, and yet a fiber that computes was interrupted", "Report this: the runtime is wrong."};
  return {true,
          fmt::format("strategy none: a fiber that computes for {} is not interrupted, as configured",
                      duration_text(alone.waited)),
          "Set preempter.strategy to \"default\" to keep one fiber from starving the others."};
}

}  // namespace

Finding try_preempter(const Config& config) {
  Config one = config;
  one.scheduler.processors = 1;
  const std::string& strategy = config.preempter.strategy;
  const bool wants_interruption = strategy != "none" && strategy != "cooperative";
  Outcome alone;
  Outcome checked;
  run(one, [&] {
    if (strategy != "cooperative") alone = compute_beside_another(false);
    if (strategy != "none" && !alone.gave_way) checked = compute_beside_another(true);
  });
  if (strategy == "none") return judge_none(alone);
  if (alone.gave_way && alone.interruptions > 0)
    return {true,
            fmt::format("strategy {}: a fiber that never yields gave way after {}", strategy, duration_text(alone.waited))};
  if (checked.gave_way) {
    const std::string seen = fmt::format("strategy {}: a fiber gives way at a checkpoint, here after {}", strategy,
                                         duration_text(checked.waited));
    const std::string advice = "A fiber that calls neither checkpoint() nor the runtime is not interrupted";
    if (!wants_interruption) return {true, seen, advice + ", as configured."};
    return {strategy == "default", seen + ", and nowhere else",
            advice + ": this port has no strategy that does, or the system withholds it."};
  }
  return {false,
          fmt::format("strategy {}: a fiber that computed for {} kept the other from running", strategy,
                      duration_text(alone.waited)),
          "Try another strategy of the port (`heddle ports` lists them) or another preempter.signal: something may "
          "block or take "
          "this one."};
}

}  // namespace heddle::cli
