// The benchmarks, each written once and compiled for each library, so that both do the same.
//
// A Library names its types and functions (see heddle_library.hpp): run, yield, spawn, Fiber, Mutex, Channel. A
// benchmark body runs as the main fiber of a runtime of its own; starting and ending that runtime is not measured.
#pragma once

#include <benchmark/benchmark.h>

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

namespace heddle::bench {

/// A flag and a counter that do not share a cache line with their neighbours.
struct alignas(64) Counter {
  std::atomic<std::int64_t> value{0};

  void add_one() { value.store(value.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed); }
  std::int64_t read() const { return value.load(std::memory_order_relaxed); }
};

/// One function for all: a return to another place than its call came from, which costs as much as the switch, is not
/// what is compared.
template <class Library>
[[gnu::noinline]] void yield_times(Counter& counter, const std::atomic<bool>& stop, std::int64_t times) {
  for (std::int64_t i = 0; i < times && !stop.load(std::memory_order_relaxed); ++i) {
    counter.add_one();
    Library::yield();
  }
}

/// `fibers` fibers do nothing but yield, the measuring one among them. An item is one switch.
template <class Library, int fibers>
void yields(benchmark::State& state) {
  constexpr std::int64_t kBatch = 1000;
  std::atomic<bool> stop{false};
  const std::atomic<bool> never{false};
  std::vector<Counter> counters(fibers);
  std::vector<typename Library::Fiber> others;
  for (int i = 1; i < fibers; ++i) {
    others.push_back(Library::spawn([&, i] {
      while (!stop.load(std::memory_order_relaxed)) yield_times<Library>(counters[i], stop, kBatch);
    }));
  }
  Library::yield();
  std::int64_t switches = 0;
  for (const Counter& counter : counters) switches -= counter.read();
  while (state.KeepRunningBatch(kBatch)) yield_times<Library>(counters[0], never, kBatch);
  for (const Counter& counter : counters) switches += counter.read();
  stop = true;
  for (auto& other : others) other.join();
  state.SetItemsProcessed(switches);
}

/// An item is one fiber that is started, ends and is joined.
template <class Library>
void spawn_and_join(benchmark::State& state) {
  for (auto _ : state) Library::spawn([] {}).join();
  state.SetItemsProcessed(state.iterations());
}

/// An item is a value there and another back.
template <class Library>
void round_trip(benchmark::State& state) {
  typename Library::Unbuffered there;
  typename Library::Unbuffered back;
  auto echo = Library::spawn([&] {
    int value;
    while (Library::receive(there, value)) Library::send(back, value);
  });
  int value = 0;
  for (auto _ : state) {
    Library::send(there, value);
    Library::receive(back, value);
  }
  there.close();
  echo.join();
  state.SetItemsProcessed(state.iterations());
}

/// An item is a value that passes through a channel with room for a thousand.
template <class Library>
void buffered(benchmark::State& state) {
  typename Library::Buffered channel(1024);
  auto sink = Library::spawn([&] {
    int value;
    while (Library::receive(channel, value)) benchmark::DoNotOptimize(value);
  });
  int value = 0;
  for (auto _ : state) Library::send(channel, value++);
  channel.close();
  sink.join();
  state.SetItemsProcessed(state.iterations());
}

/// An item is a lock and an unlock by the only user.
template <class Library>
void free_mutex(benchmark::State& state) {
  typename Library::Mutex mutex;
  for (auto _ : state) {
    const std::lock_guard lock(mutex);
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations());
}

/// Eight fibers yield while they hold the mutex, so that the others queue up. An item is one turn of one of them.
template <class Library>
void contended_mutex(benchmark::State& state) {
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
  for (int i = 0; i < 7; ++i) {
    others.push_back(Library::spawn([&] {
      while (turn()) continue;
    }));
  }
  for (auto _ : state) turn();
  state.SetItemsProcessed(turns);
  {
    const std::lock_guard lock(mutex);
    stop = true;
  }
  for (auto& other : others) other.join();
}

/// Registers the benchmark `subject` of `Library` on so many processors.
template <class Library, class Body>
void add(const char* subject, unsigned processors, Body body) {
  benchmark::RegisterBenchmark((std::string(subject) + "/" + Library::kName).c_str(), [=](benchmark::State& state) {
    Library::run(processors, [&] { body(state); });
  })->UseRealTime();
}

template <class Library>
void add_all() {
  add<Library>("yield, 2 fibers, 1 processor", 1, yields<Library, 2>);
  add<Library>("yield, 1000 fibers, 1 processor", 1, yields<Library, 1000>);
  add<Library>("spawn and join", 1, spawn_and_join<Library>);
  add<Library>("unbuffered channel, round trip", 1, round_trip<Library>);
  add<Library>("buffered channel, one value", 1, buffered<Library>);
  add<Library>("mutex, free", 1, free_mutex<Library>);
  add<Library>("mutex, wanted by 8 fibers", 1, contended_mutex<Library>);
  add<Library>("yield, 4 fibers, 2 processors", 2, yields<Library, 4>);
  add<Library>("spawn and join, 2 processors", 2, spawn_and_join<Library>);
  add<Library>("unbuffered channel, 2 processors", 2, round_trip<Library>);
  add<Library>("buffered channel, 2 processors", 2, buffered<Library>);
  add<Library>("mutex, 8 fibers, 2 processors", 2, contended_mutex<Library>);
}

}  // namespace heddle::bench
