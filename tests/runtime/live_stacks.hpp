// What a collector would be given of the fibers, and secrets for them to hold.
//
// A secret is a word that the program computes and writes nowhere but where the test says. Who looks for one looks for its complement,
// so that he does not leave it himself on a stack that he scans.
#pragma once

#include "runtime/scenario.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <vector>

namespace heddle::test {

using State = LiveStack::State;
using Of = LiveRange::Of;

[[gnu::always_inline]] inline std::uintptr_t secret(std::uintptr_t number) {
  return (number * 2 + 1) * static_cast<std::uintptr_t>(0x9e3779b97f4a7c15U);
}

/// Reads what a collector reads, which no sanitizer would approve of.
[[gnu::noinline, gnu::no_sanitize_address, gnu::no_sanitize_thread]] inline bool holds(const LiveRange& range,
                                                                                       std::uintptr_t complement) {
  const auto* end = static_cast<const volatile std::uintptr_t*>(range.high);
  for (const auto* word = static_cast<const volatile std::uintptr_t*>(range.low); word != end; ++word) {
    if (~*word == complement) return true;
  }
  return false;
}

struct Seen {
  State state;
  std::vector<LiveRange> ranges;

  bool holds(std::uintptr_t number) const {
    return std::any_of(ranges.begin(), ranges.end(),
                       [=](const LiveRange& range) { return test::holds(range, ~secret(number)); });
  }
  bool holds(std::uintptr_t number, Of of) const {
    return std::any_of(ranges.begin(), ranges.end(),
                       [=](const LiveRange& range) { return range.of == of && test::holds(range, ~secret(number)); });
  }
  bool includes(std::uintptr_t address) const {
    return std::any_of(ranges.begin(), ranges.end(), [=](const LiveRange& range) {
      return reinterpret_cast<std::uintptr_t>(range.low) <= address && address < reinterpret_cast<std::uintptr_t>(range.high);
    });
  }
};

struct Look {
  std::map<FiberId, Seen> fibers;
  LiveStackCount count;
};

/// What a collector would be given.
inline Look look(const StoppedWorld& world) {
  Look all;
  all.count = visit_live_stacks(world, [&](const LiveStack& stack) {
    Seen& seen = all.fibers[stack.id()];
    seen.state = stack.state();
    stack.for_each_range([&](const LiveRange& range) { seen.ranges.push_back(range); });
  });
  return all;
}

/// The same once nobody moves.
inline Look look() {
  for (;;) {
    {
      const StoppedWorld world;
      Look all = look(world);
      if (all.count.complete()) return all;
    }
    this_fiber::sleep_for(std::chrono::microseconds(100));
  }
}

inline void expect_sound(const Look& all) {
  std::vector<LiveRange> ranges;
  EXPECT_EQ(all.count.fibers, all.fibers.size());
  for (const auto& [id, seen] : all.fibers) {
    EXPECT_EQ(seen.ranges.empty(), seen.state == State::kMoves || seen.state == State::kEnded) << id;
    EXPECT_EQ(
        std::any_of(seen.ranges.begin(), seen.ranges.end(), [](const LiveRange& range) { return range.of == Of::kStack; }),
        !seen.ranges.empty());
    ranges.insert(ranges.end(), seen.ranges.begin(), seen.ranges.end());
  }
  const auto low = [](const LiveRange& range) { return reinterpret_cast<std::uintptr_t>(range.low); };
  const auto high = [](const LiveRange& range) { return reinterpret_cast<std::uintptr_t>(range.high); };
  std::sort(ranges.begin(), ranges.end(), [&](const LiveRange& a, const LiveRange& b) { return low(a) < low(b); });
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    EXPECT_LT(low(ranges[i]), high(ranges[i]));
    EXPECT_EQ((low(ranges[i]) | high(ranges[i])) % sizeof(void*), 0U);
    EXPECT_LE(high(ranges[i]) - low(ranges[i]), std::uintptr_t{8} << 20);
    if (i != 0) {
      EXPECT_LE(high(ranges[i - 1]), low(ranges[i]));
    }
    (void)holds(ranges[i], 0);  // can be read
  }
}

/// Has a secret in a variable of its frame while `wait` is called.
template <class Wait>
[[gnu::noinline]] void hold_in_frame(std::uintptr_t number, Wait wait) {
  std::uintptr_t held = secret(number);
  asm volatile("" : "+m"(held));
  wait();
  asm volatile("" : "+m"(held));
}

/// Has a secret in a register, or wherever the compiler saves those, over every call of `act`, until that says no.
template <class Act>
[[gnu::noinline]] void hold_over_calls(std::uintptr_t number, Act act) {
  std::uintptr_t held = secret(number);
  do {
    asm volatile("" : "+r"(held));
  } while (act());
  asm volatile("" : : "r"(held));
}

inline void wait_until_waits(FiberId id) {
  while (!waits(id)) this_fiber::yield();
}

}  // namespace heddle::test
