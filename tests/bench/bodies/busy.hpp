// What preemption does and costs: a fiber that wants to wake every millisecond beside fibers that compute, and such fibers alone.
// go/busy.go is the same for Go.
#pragma once

#include "bench/bodies/measure.hpp"

#include <chrono>
#include <cstdint>
#include <vector>

namespace heddle::bench {

/// A third of a microsecond of arithmetic.
inline std::uint64_t compute(std::uint64_t x) {
  for (int i = 0; i < 256; ++i) x = x * 6364136223846793005u + 1442695040888963407u;
  return x;
}

/// One hog for each processor; the ticker sleeps for a millisecond a few hundred times, then for as long at a stretch, and so on. The hogs'
/// progress in these two kinds of time says what the ticking costs them.
template <class Library>
class Ticker {
 public:
  explicit Ticker(std::int64_t hogs) : done_(static_cast<std::size_t>(hogs)) {}

  void run() {
    std::vector<typename Library::Fiber> hogs;
    for (Counter& done : done_) {
      hogs.push_back(Library::spawn([this, &done] {
        for (std::uint64_t x = 1; !stop_.load(std::memory_order_relaxed); done.add_one()) {
          x = compute(x);
          asm volatile("" : : "r"(x));
          Library::checkpoint();
        }
      }));
    }
    Library::sleep_for(kStretch);
    for (int i = 0; i < kStretches; ++i) {
      watch(ticking_, [this] { tick(); });
      watch(quiet_, [] { Library::sleep_for(kStretch); });
    }
    stop_ = true;
    for (auto& hog : hogs) hog.join();
    say("lateness p50", "ns", percentile(lateness_, 0.5));
    say("lateness p99", "ns", percentile(lateness_, 0.99));
    say("throughput lost", "%", 100 * (1 - ticking_.rate() / quiet_.rate()));
  }

 private:
  static constexpr std::chrono::milliseconds kStretch{200};
  static constexpr int kStretches = 4;
  static constexpr std::int64_t kTick = 1'000'000;  // ns

  struct Watch {
    std::int64_t work = 0;
    std::int64_t time = 0;

    double rate() const { return static_cast<double>(work) / static_cast<double>(time); }
  };

  template <class Body>
  void watch(Watch& watch, Body body) {
    const std::int64_t work = work_done();
    const std::int64_t start = now_ns();
    body();
    watch.work += work_done() - work;
    watch.time += now_ns() - start;
  }

  void tick() {
    const std::int64_t end = now_ns() + std::chrono::nanoseconds(kStretch).count();
    for (std::int64_t now = now_ns(); now < end;) {
      const std::int64_t due = now + kTick;
      Library::sleep_for(std::chrono::nanoseconds(kTick));
      now = now_ns();
      lateness_.push_back(now - due);
    }
  }

  std::int64_t work_done() const {
    std::int64_t sum = 0;
    for (const Counter& done : done_) sum += done.read();
    return sum;
  }

  std::vector<Counter> done_;
  std::atomic<bool> stop_{false};
  std::vector<std::int64_t> lateness_;
  Watch ticking_;
  Watch quiet_;
};

/// How long two hogs take for a fixed amount of work. `together`: at the same time, else one after the other.
template <class Library>
std::int64_t two_hogs(std::int64_t rounds, bool together) {
  const auto hog = [rounds] {
    std::uint64_t x = 1;
    for (std::int64_t i = 0; i < rounds; ++i) x = compute(x);
    asm volatile("" : : "r"(x));
  };
  const std::int64_t start = now_ns();
  auto first = Library::spawn(hog);
  if (!together) first.join();
  auto second = Library::spawn(hog);
  if (together) first.join();
  second.join();
  return now_ns() - start;
}

/// `shared` and `undisturbed` time two hogs that take turns and two that do not; pairs of them, so that a machine that grows slower slows
/// both.
template <class Shared, class Undisturbed>
void lost_by_sharing(Shared shared, Undisturbed undisturbed) {
  constexpr std::int64_t kHog = 120'000'000;  // ns
  constexpr int kPairs = 4;
  const std::int64_t sample = now_ns();
  std::uint64_t x = 1;
  for (int i = 0; i < 10'000; ++i) x = compute(x);
  asm volatile("" : : "r"(x));
  const std::int64_t rounds = 10'000 * kHog / (now_ns() - sample);
  std::vector<double> lost;
  for (int i = 0; i < kPairs; ++i) {
    const auto with = static_cast<double>(shared(rounds));
    const auto without = static_cast<double>(undisturbed(rounds));
    lost.push_back(100 * (1 - without / with));
  }
  say("throughput lost", "%", percentile(lost, 0.5));
}

}  // namespace heddle::bench
