// The doctor's trial of growing stacks: recursion that is deeper than its fiber's stack.
#include "cli/doctor.hpp"
#include "cli/text.hpp"

#include <heddle/fiber.hpp>
#include <heddle/run.hpp>
#include <heddle/with_stack.hpp>

#include <fmt/format.h>
#include <algorithm>
#include <chrono>
#include <cstddef>

namespace heddle::cli {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kFrame = 1024;
constexpr std::size_t kRoom = 8192;  // of a call: its frame, and what the library below needs

/// Returns how many calls deep it went.
std::size_t call_deeper(std::size_t calls) {
  volatile char frame[kFrame];
  frame[0] = 1;
  if (calls == 1) return 1;
  return with_stack(kRoom, [=] { return call_deeper(calls - 1); }) + static_cast<std::size_t>(frame[0]);
}

double ns_of_calls_with(std::size_t bytes) {
  constexpr int kCalls = 50'000;
  const Clock::time_point start = Clock::now();
  for (int i = 0; i < kCalls; ++i) with_stack(bytes, [] {});
  return std::chrono::duration<double, std::nano>(Clock::now() - start).count() / kCalls;
}

Finding grow(std::size_t stack, std::size_t calls) {
  if (call_deeper(calls) != calls) return {false, "calls on a linked stack returned the wrong result", kPortFault};
  return {true, fmt::format("calls used {} on a stack of {}; {} for a call with room, {} for one without",
                            size_text(calls * kFrame), size_text(stack), cost_text(ns_of_calls_with(1)),
                            cost_text(ns_of_calls_with(stack)))};
}

}  // namespace

Finding try_growth(const Config& config) {
  const std::size_t stack = config.stack.size;
  if (config.stack.max_size < 2 * stack)
    return {true, "none, as configured",
            "What is linked to a stack is twice as large, which stack.max_size does not allow."};
  const std::size_t deep = std::min(4 * stack, config.stack.max_size / 4) / kFrame;
  return run(config, [=]() -> Finding {
    Finding finding;
    Fiber fiber({.name = "deep"}, [&] { finding = grow(stack, deep); });
    fiber.join();
    return finding;
  });
}

}  // namespace heddle::cli
