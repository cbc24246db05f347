// The doctor's trials of foreign code: calls out of fibers, the way back, and threads that the runtime does not know.
#include "cli/doctor.hpp"
#include "cli/text.hpp"

#include <heddle/heddle.hpp>

#include <fmt/format.h>
#include <chrono>
#include <future>
#include <stdexcept>
#include <thread>

namespace heddle::cli {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kLongest{1};  // ten thousand times what it takes
constexpr int kCalls = 50'000;

template <class Call>
double ns_each(Call call) {
  const Clock::time_point start = Clock::now();
  for (int i = 0; i < kCalls; ++i) call();
  return std::chrono::duration<double, std::nano>(Clock::now() - start).count() / kCalls;
}

Config on_one_processor(const Config& config) {
  Config one = config;
  one.scheduler.processors = 1;
  return one;
}

/// Does another fiber get the only processor while a call blocks until that has run?
bool blocks_nobody() {
  std::promise<void> ran;
  Fiber other({.name = "waiting"}, [&ran] { ran.set_value(); });
  const bool in_time = foreign_call([&ran] { return ran.get_future().wait_for(kLongest) == std::future_status::ready; });
  other.join();
  return in_time;
}

bool brings_exceptions_back() {
  try {
    foreign_call([] { throw std::runtime_error("thrown"); });
  } catch (const std::runtime_error&) {
    return true;
  }
  return false;
}

/// Is it the fiber that runs in a callback, on the thread that called, however often it gives way?
bool calls_back() {
  const FiberId caller = this_fiber::get_id();
  return foreign_call([&] {
    const std::thread::id thread = std::this_thread::get_id();
    const bool same = callback([&] {
      this_fiber::yield();
      return this_fiber::get_id() == caller && std::this_thread::get_id() == thread;
    });
    return same && std::this_thread::get_id() == thread;
  });
}

struct Costs {
  double first = 0;  // ns
  double later = 0;
};

Costs call_from_a_thread() {
  Costs costs;
  std::thread thread([&] {
    const Clock::time_point start = Clock::now();
    callback([] {});
    costs.first = std::chrono::duration<double, std::nano>(Clock::now() - start).count();
    costs.later = ns_each([] { callback([] {}); });
  });
  blocking([&] { thread.join(); });
  return costs;
}

}  // namespace

Finding try_foreign_call(const Config& config) {
  return run(on_one_processor(config), []() -> Finding {
    if (!brings_exceptions_back()) return {false, "what a foreign call threw did not arrive", kPortFault};
    if (!blocks_nobody()) return {false, "a foreign call that blocks kept another fiber from running", kPortFault};
    return {true, fmt::format("one that blocks lets the others run; {} for an empty one",
                              cost_text(ns_each([] { foreign_call([] {}); })))};
  });
}

Finding try_callback(const Config& config) {
  return run(on_one_processor(config), []() -> Finding {
    if (!calls_back()) return {false, "a callback ran as another fiber, or on another thread", kPortFault};
    const double each = ns_each([] { foreign_call([] { callback([] {}); }); });
    return {true, fmt::format("it is the fiber that called, on the same thread; {} with the call", cost_text(each))};
  });
}

Finding try_foreign_thread(const Config& config) {
  return run(on_one_processor(config), []() -> Finding {
    const Costs costs = call_from_a_thread();
    return {true, fmt::format("a thread of the program's own calls back: {} the first time, {} later",
                              cost_text(costs.first), cost_text(costs.later))};
  });
}

}  // namespace heddle::cli
