// The bodies on Heddle.
#include "bench/bodies/computing.hpp"
#include "bench/bodies/heddle_library.hpp"
#include "bench/bodies/program.hpp"

#include <thread>
#include <vector>

namespace heddle::bench {
namespace {

std::int64_t hogs_under(const Config& config, std::int64_t rounds) {
  return heddle::run(config, [rounds] { return two_hogs<HeddleLibrary>(rounds, true); });
}

/// With the configured strategy and with none.
void hogs(unsigned processors, std::int64_t) {
  const Config preempting = HeddleLibrary::config(processors);
  Config none = preempting;
  none.preempter.strategy = "none";
  lost_by_sharing([&](std::int64_t rounds) { return hogs_under(preempting, rounds); },
                  [&](std::int64_t rounds) { return hogs_under(none, rounds); });
}

/// What foreign code and callbacks do. Not in line: so it is in Go.
[[gnu::noinline]] void do_nothing() noexcept {
  asm volatile("");
}

void clock(unsigned processors, std::int64_t) {
  HeddleLibrary::run(processors, [] {
    say("reading", "ns", ns_per_operation([](std::int64_t times) {
          for (std::int64_t i = 0; i < times; ++i) asm volatile("" : : "r"(nanotime()));
          return times;
        }));
  });
}

void checkpoints(unsigned processors, std::int64_t) {
  HeddleLibrary::run(processors, [] {
    say("checkpoint", "ns", ns_per_operation([](std::int64_t times) {
          for (std::int64_t i = 0; i < times; ++i) {
            this_fiber::checkpoint();
            asm volatile("" : : : "memory");
          }
          return times;
        }));
  });
}

/// By how much computing takes longer with the checks that the compiler has inserted.
void instrumentation(unsigned processors, std::int64_t) {
  HeddleLibrary::run(processors, [] {
    const auto slower = [](auto compute) {
      std::vector<double> percent;
      for (int pair = 0; pair < 5; ++pair) {
        const double without = ns_per_operation([&](std::int64_t times) { return compute(plain, times); });
        const double with = ns_per_operation([&](std::int64_t times) { return compute(checked, times); });
        percent.push_back(100 * (with / without - 1));
      }
      return percentile(percent, 0.5);
    };
    say("loop slower by", "%", slower([](const Computing& computing, std::int64_t times) {
          asm volatile("" : : "r"(computing.loop(times)));
          return times;
        }));
    std::vector<std::uint32_t> unsorted(10'000);
    std::uint64_t x = 1;
    for (std::uint32_t& number : unsorted) number = static_cast<std::uint32_t>((x = compute(x)) >> 32);
    say("sorting slower by", "%", slower([&unsorted](const Computing& computing, std::int64_t times) {
          for (std::int64_t i = 0; i < times; ++i) {
            std::vector<std::uint32_t> numbers = unsorted;
            computing.sort(numbers);
          }
          return times;
        }));
  });
}

/// Calls of a function that does nothing, which has room on the fiber's stack, and has none.
void calls_with_stack(unsigned processors, std::int64_t) {
  HeddleLibrary::run(processors, [] {
    const auto calls_of = [](std::size_t bytes) {
      return ns_per_operation([bytes](std::int64_t times) {
        for (std::int64_t i = 0; i < times; ++i) with_stack(bytes, do_nothing);
        return times;
      });
    };
    Fiber({.stack_size = 64 << 10}, [&] {
      say("with room", "ns", calls_of(1 << 10));
      say("at the edge", "ns", calls_of(256 << 10));
    }).join();
  });
}

void foreign_calls(unsigned processors, std::int64_t) {
  HeddleLibrary::run(processors, [] {
    say("call", "ns", ns_per_operation([](std::int64_t times) {
          for (std::int64_t i = 0; i < times; ++i) foreign_call(do_nothing);
          return times;
        }));
  });
}

void foreign_calls_with_callback(unsigned processors, std::int64_t) {
  HeddleLibrary::run(processors, [] {
    say("call", "ns", ns_per_operation([](std::int64_t times) {
          for (std::int64_t i = 0; i < times; ++i) foreign_call([] { callback(do_nothing); });
          return times;
        }));
  });
}

/// While a thread of the program's own does `body`, the main fiber waits for its end.
void on_a_thread(unsigned processors, void (*body)()) {
  HeddleLibrary::run(processors, [body] {
    std::thread thread(body);
    blocking([&] { thread.join(); });
  });
}

void callbacks_from_a_thread(unsigned processors, std::int64_t) {
  on_a_thread(processors, [] {
    callback(do_nothing);
    say("callback", "ns", ns_per_operation([](std::int64_t times) {
          for (std::int64_t i = 0; i < times; ++i) callback(do_nothing);
          return times;
        }));
  });
}

/// Each of `threads` threads, one after the other, is new to the runtime.
void first_callbacks(unsigned processors, std::int64_t threads) {
  HeddleLibrary::run(processors, [threads] {
    std::vector<std::int64_t> took;
    for (std::int64_t i = 0; i < threads; ++i) {
      std::thread thread([&] {
        const std::int64_t start = now_ns();
        callback(do_nothing);
        took.push_back(now_ns() - start);
      });
      blocking([&] { thread.join(); });
    }
    say("callback", "ns", percentile(took, 0.5));
  });
}

}  // namespace
}  // namespace heddle::bench

int main(int argc, char** argv) {
  using namespace heddle::bench;
  Bodies bodies = common_bodies<HeddleLibrary>();
  bodies.merge(fiber_bodies<HeddleLibrary>());
  bodies["ticker"] = on<HeddleLibrary, ticker<HeddleLibrary>>;
  bodies["hogs"] = hogs;
  bodies["clock"] = clock;
  bodies["checkpoint"] = checkpoints;
  bodies["with-stack"] = calls_with_stack;
  bodies["instrumentation"] = instrumentation;
  bodies["foreign-call"] = foreign_calls;
  bodies["foreign-callback"] = foreign_calls_with_callback;
  bodies["thread-callback"] = callbacks_from_a_thread;
  bodies["first-callback"] = first_callbacks;
  return run_body(argc, argv, bodies);
}
