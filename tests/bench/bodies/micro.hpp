// What takes nanoseconds: each body says the price of one operation. Written once and compiled for each library, so that all do the
// same; a Library names its types and functions (see heddle_library.hpp). go/micro.go is the same for Go.
#pragma once

#include "bench/bodies/measure.hpp"

#include <mutex>
#include <vector>

namespace heddle::bench {

/// One function for all: a return to another place than its call came from, which costs as much as the switch, is not what is
/// compared.
template <class Library>
[[gnu::noinline]] void yield_times(Counter& counter, const std::atomic<bool>& stop, std::int64_t times) {
  for (std::int64_t i = 0; i < times && !stop.load(std::memory_order_relaxed); ++i) {
    counter.add_one();
    Library::yield();
  }
}

/// `fibers` fibers do nothing but yield, the measuring one among them. An operation is one switch.
template <class Library>
void yields(std::int64_t fibers) {
  std::atomic<bool> stop{false};
  std::vector<Counter> counters(static_cast<std::size_t>(fibers));
  std::vector<typename Library::Fiber> others;
  for (std::size_t i = 1; i < counters.size(); ++i)
    others.push_back(Library::spawn([&, i] { yield_times<Library>(counters[i], stop, INT64_MAX); }));
  Library::yield();
  const auto switches = [&] {
    std::int64_t sum = 0;
    for (const Counter& counter : counters) sum += counter.read();
    return sum;
  };
  const std::atomic<bool> never{false};
  say("switch", "ns", ns_per_operation([&](std::int64_t times) {
        const std::int64_t before = switches();
        yield_times<Library>(counters[0], never, std::max<std::int64_t>(1, times / fibers));
        return switches() - before;
      }));
  stop = true;
  for (auto& other : others) other.join();
}

/// `fibers` fibers that do nothing are started, then all are joined. An operation is one fiber.
template <class Library>
void spawn_and_join(std::int64_t fibers) {
  std::vector<typename Library::Fiber> started(static_cast<std::size_t>(fibers));
  say("fiber", "ns", ns_per_operation([&](std::int64_t times) {
        const std::int64_t rounds = (times + fibers - 1) / fibers;
        for (std::int64_t round = 0; round < rounds; ++round) {
          for (auto& fiber : started) fiber = Library::spawn([] {});
          for (auto& fiber : started) fiber.join();
        }
        return rounds * fibers;
      }));
}

/// An operation is a value there and another back.
template <class Library>
void round_trip(std::int64_t) {
  typename Library::template Unbuffered<int> there;
  typename Library::template Unbuffered<int> back;
  auto echo = Library::spawn([&] {
    int value;
    while (Library::receive(there, value)) Library::send(back, value);
  });
  int value = 0;
  say("round trip", "ns", ns_per_operation([&](std::int64_t times) {
        for (std::int64_t i = 0; i < times; ++i) {
          Library::send(there, value);
          Library::receive(back, value);
        }
        return times;
      }));
  there.close();
  echo.join();
}

/// An operation is a value that passes through a channel with room for a thousand.
template <class Library>
void buffered(std::int64_t) {
  typename Library::template Buffered<int> channel(1024);
  auto sink = Library::spawn([&] {
    int value;
    while (Library::receive(channel, value)) asm volatile("" : : "r"(value));
  });
  int value = 0;
  say("value", "ns", ns_per_operation([&](std::int64_t times) {
        for (std::int64_t i = 0; i < times; ++i) Library::send(channel, value++);
        return times;
      }));
  channel.close();
  sink.join();
}

/// An operation is a lock and an unlock by the only user.
template <class Library>
void free_mutex(std::int64_t) {
  typename Library::Mutex mutex;
  say("lock", "ns", ns_per_operation([&](std::int64_t times) {
        for (std::int64_t i = 0; i < times; ++i) {
          const std::lock_guard lock(mutex);
          asm volatile("" : : : "memory");
        }
        return times;
      }));
}

/// So many fibers yield while they hold the mutex, so that the others queue up. An operation is one turn of one of them.
template <class Library>
void contended_mutex(std::int64_t fibers) {
  typename Library::Mutex mutex;
  std::int64_t turns = 0;  // guarded by mutex
  bool stop = false;       // guarded by mutex
  const auto turn = [&] {
    const std::lock_guard lock(mutex);
    ++turns;
    Library::yield();
    return !stop;
  };
  std::vector<typename Library::Fiber> others;
  for (std::int64_t i = 1; i < fibers; ++i) {
    others.push_back(Library::spawn([&] {
      while (turn()) continue;
    }));
  }
  const auto turns_now = [&] {
    const std::lock_guard lock(mutex);
    return turns;
  };
  say("turn", "ns", ns_per_operation([&](std::int64_t times) {
        const std::int64_t before = turns_now();
        for (std::int64_t i = 0; i < std::max<std::int64_t>(1, times / fibers); ++i) turn();
        return turns_now() - before;
      }));
  {
    const std::lock_guard lock(mutex);
    stop = true;
  }
  for (auto& other : others) other.join();
}

}  // namespace heddle::bench
