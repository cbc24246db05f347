// How a body measures and says what it found: one line of JSON on standard output for each figure. go/measure.go is the same for
// Go.
#pragma once

#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <vector>

namespace heddle::bench {

inline void say(const char* measure, const char* unit, double value) {
  std::printf("{\"measure\":\"%s\",\"unit\":\"%s\",\"value\":%.15g}\n", measure, unit, value);
  std::fflush(stdout);
}

/// CLOCK_MONOTONIC, which all processes share, in nanoseconds.
inline std::int64_t now_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * std::int64_t{1'000'000'000} + now.tv_nsec;
}

inline std::int64_t cpu_ns() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return now.tv_sec * std::int64_t{1'000'000'000} + now.tv_nsec;
}

/// What the process has in memory (proc(5), statm).
inline std::int64_t resident_bytes() {
  std::int64_t size = 0;
  std::int64_t resident = 0;
  std::ifstream("/proc/self/statm") >> size >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

/// REQUIRES: not empty. Sorts the values.
template <class T>
double percentile(std::vector<T>& values, double share) {
  std::sort(values.begin(), values.end());
  return static_cast<double>(values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))]);
}

/// `run(n)` does about n operations and says how many it did. The median of three batches that take some 40 ms each.
template <class Run>
double ns_per_operation(Run run) {
  constexpr std::int64_t kBatch = 40'000'000;
  std::int64_t operations = 1;
  std::int64_t took = 0;
  for (;;) {
    const std::int64_t start = now_ns();
    run(operations);
    took = now_ns() - start;
    if (took > kBatch / 10) break;
    operations *= 2;
  }
  operations = std::max<std::int64_t>(1, operations * kBatch / took);
  std::vector<double> times;
  for (int batch = 0; batch < 3; ++batch) {
    const std::int64_t start = now_ns();
    const std::int64_t done = run(operations);
    times.push_back(static_cast<double>(now_ns() - start) / static_cast<double>(done));
  }
  return percentile(times, 0.5);
}

/// A counter that does not share a cache line with its neighbours; one fiber writes it.
struct alignas(64) Counter {
  std::atomic<std::int64_t> value{0};

  void add_one() { value.store(value.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed); }
  std::int64_t read() const { return value.load(std::memory_order_relaxed); }
};

}  // namespace heddle::bench
