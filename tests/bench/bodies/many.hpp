// What needs very many fibers: skynet, parked fibers, timers. go/many.go is the same for Go.
#pragma once

#include "bench/bodies/measure.hpp"

#include <array>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>

namespace heddle::bench {

inline constexpr std::int64_t kLeaves = 1'000'000;
inline constexpr int kBranches = 10;

/// `sum_of(first, leaves)` has a tree of fibers add up the numbers of its leaves.
template <class Sum>
void skynet(Sum sum_of) {
  const std::int64_t start = now_ns();
  const std::int64_t sum = sum_of(0, kLeaves);
  const std::int64_t took = now_ns() - start;
  if (sum != kLeaves * (kLeaves - 1) / 2) throw std::runtime_error("the leaves add up to " + std::to_string(sum));
  say("all", "ns", static_cast<double>(took));
}

template <class Library>
void skynet_node(typename Library::template Unbuffered<std::int64_t>& parent, std::int64_t first, std::int64_t leaves) {
  if (leaves == 1) {
    Library::send(parent, first);
    return;
  }
  typename Library::template Temporary<std::int64_t> owner;
  typename Library::template Unbuffered<std::int64_t>& children = owner;
  const std::int64_t each = leaves / kBranches;
  for (int i = 0; i < kBranches; ++i)
    Library::spawn([&children, first, each, i] { skynet_node<Library>(children, first + i * each, each); }).detach();
  std::int64_t sum = 0;
  for (int i = 0; i < kBranches; ++i) {
    std::int64_t part = 0;
    Library::receive(children, part);
    sum += part;
  }
  Library::send(parent, sum);
}

/// Each fiber sends its sum to its parent.
template <class Library>
void skynet_channels(std::int64_t) {
  skynet([](std::int64_t first, std::int64_t leaves) {
    typename Library::template Unbuffered<std::int64_t> root;
    auto top = Library::spawn([&] { skynet_node<Library>(root, first, leaves); });
    std::int64_t sum = 0;
    Library::receive(root, sum);
    top.join();
    return sum;
  });
}

template <class Library>
std::int64_t joined_sum(std::int64_t first, std::int64_t leaves) {
  if (leaves == 1) return first;
  const std::int64_t each = leaves / kBranches;
  std::array<std::int64_t, kBranches> parts;
  std::array<typename Library::Fiber, kBranches> children;
  for (int i = 0; i < kBranches; ++i) {
    const std::int64_t from = first + i * each;
    children[i] = Library::spawn([&part = parts[i], from, each] { part = joined_sum<Library>(from, each); });
  }
  std::int64_t sum = 0;
  for (int i = 0; i < kBranches; ++i) {
    children[i].join();
    sum += parts[i];
  }
  return sum;
}

/// Each fiber leaves its sum in a variable of its parent, which joins it.
template <class Library>
void skynet_join(std::int64_t) {
  skynet(joined_sum<Library>);
}

/// `fibers` fibers, made and joined by four others, wait in an empty channel; closing it wakes them all.
template <class Library>
void parked(std::int64_t fibers) {
  constexpr std::int64_t kMakers = 4;
  typename Library::template Unbuffered<int> gate;
  std::atomic<std::int64_t> waiting{0};
  const auto wait = [&] {
    waiting.fetch_add(1, std::memory_order_relaxed);
    int value;
    Library::receive(gate, value);
  };
  const std::int64_t before = resident_bytes();
  const std::int64_t start = now_ns();
  std::array<typename Library::Fiber, kMakers> makers;
  for (typename Library::Fiber& maker : makers) {
    maker = Library::spawn([&] {
      std::vector<typename Library::Fiber> made(static_cast<std::size_t>(fibers / kMakers));
      for (typename Library::Fiber& fiber : made) fiber = Library::spawn(wait);
      for (typename Library::Fiber& fiber : made) fiber.join();
    });
  }
  while (waiting.load(std::memory_order_relaxed) != fibers) Library::yield();
  Library::yield();
  const std::int64_t created = now_ns();
  const std::int64_t after = resident_bytes();
  const std::int64_t closed = now_ns();
  gate.close();
  for (typename Library::Fiber& maker : makers) maker.join();
  const std::int64_t woken = now_ns();
  say("memory each", "B", static_cast<double>(after - before) / static_cast<double>(fibers));
  say("to make all", "ns", static_cast<double>(created - start));
  say("to wake and join all", "ns", static_cast<double>(woken - closed));
}

/// `fibers` fibers sleep for 0.5 to 1.2 s, again and again. Six seconds of it are looked at, once all are under way.
template <class Library>
void timers(std::int64_t fibers) {
  constexpr std::int64_t kShortest = 500'000'000;
  constexpr std::int64_t kSpread = 700'000'000;
  constexpr std::chrono::nanoseconds kWarmUp{1'500'000'000};
  constexpr std::chrono::nanoseconds kWatched{6'000'000'000};
  std::vector<std::int64_t> lateness(std::size_t(30 * fibers));
  std::atomic<std::size_t> wakes{0};
  std::atomic<bool> watched{false};
  for (std::int64_t i = 0; i < fibers; ++i) {
    Library::spawn([&, i] {
      std::minstd_rand random(static_cast<unsigned>(i) + 1);
      for (;;) {
        const std::int64_t pause = kShortest + std::int64_t(random()) % kSpread;
        const std::int64_t due = now_ns() + pause;
        Library::sleep_for(std::chrono::nanoseconds(pause));
        if (!watched.load(std::memory_order_relaxed)) continue;
        const std::size_t place = wakes.fetch_add(1, std::memory_order_relaxed);
        if (place < lateness.size()) lateness[place] = now_ns() - due;
      }
    }).detach();
  }
  Library::sleep_for(kWarmUp);
  const std::int64_t cpu = cpu_ns();
  const std::int64_t start = now_ns();
  watched = true;
  Library::sleep_for(kWatched);
  watched = false;
  const auto used = static_cast<double>(cpu_ns() - cpu);
  const auto seconds = static_cast<double>(now_ns() - start) / 1e9;
  const std::size_t count = std::min(wakes.load(), lateness.size());
  lateness.resize(std::max<std::size_t>(count, 1));
  say("lateness p50", "ns", percentile(lateness, 0.5));
  say("lateness p99", "ns", percentile(lateness, 0.99));
  say("CPU in 6 s", "ns", used);
  say("wakes a second", "1/s", static_cast<double>(count) / seconds);
  std::_Exit(0);  // the fibers sleep on
}

}  // namespace heddle::bench
