// heddle_instrument(): code without a call of the runtime gives way at the checks that the compiler has inserted. All of this program is
// instrumented; what is not is scenario.cpp, spin() among it.
#include "runtime/instrumented.h"

#include "runtime/child.hpp"
#include "runtime/hammer.hpp"
#include "runtime/scenario.hpp"
#include "runtime/storm.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <exception>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

namespace heddle::test {
namespace {

using namespace std::chrono_literals;

/// A check at each call, and nothing that the compiler could make a loop of.
[[gnu::noinline]] std::uint64_t fibonacci(unsigned n) {
  if (n < 2) return n;
  const std::uint64_t one = fibonacci(n - 1);
  return one + fibonacci(n - 2);
}
constexpr unsigned kNumber = 20;
constexpr std::uint64_t kFibonacci = 6765;

const std::uint64_t before_main = fibonacci(kNumber);

TEST(Instrumented, RunsWithoutARuntime) {
  EXPECT_EQ(before_main, kFibonacci);
  EXPECT_EQ(fibonacci(kNumber), kFibonacci);
}

class Instrumented : public testing::TestWithParam<Resume> {
 protected:
  static Config cooperative(std::uint32_t processors) { return config("cooperative", processors, GetParam()); }
};

TEST_P(Instrumented, ALoopLetsTheOthersRun) {
  passes_in_child([] {
    run(cooperative(1), [] {
      std::atomic<bool> runs{false};
      std::atomic<bool> stop{false};
      Fiber hog([&] {
        runs = true;
        while (!stop.load(std::memory_order_relaxed)) {
        }
      });
      while (!runs) this_fiber::yield();
      stop = true;
      hog.join();
      EXPECT_GT(stats().cooperative_preemptions, 0U);
    });
  });
}

TEST_P(Instrumented, ALoopInCLetsTheOthersRun) {
  passes_in_child([] {
    run(cooperative(1), [] {
      std::atomic<bool> runs{false};
      std::uint32_t stop = 0;
      Fiber hog([&] {
        runs = true;
        EXPECT_GT(turn_until(&stop), 0U);
      });
      while (!runs) this_fiber::yield();
      std::atomic_ref(stop).store(1);
    });
  });
}

TEST_P(Instrumented, RecursionLetsTheOthersRun) {
  passes_in_child(
      [] {
        run(cooperative(2), [] {
          const Storm storm(1, 2);
          std::vector<Fiber> fibers;
          for (int id = 0; id < 6; ++id) {
            fibers.emplace_back([] {
              while (stats().cooperative_preemptions < scaled(2000)) EXPECT_EQ(fibonacci(kNumber), kFibonacci);
            });
          }
          fibers.clear();
        });
      },
      60s);
}

// What is asked for while nothing may interrupt the fiber is done when that ends.
TEST_P(Instrumented, NoPreemptIsHonoured) {
  passes_in_child([] {
    run(cooperative(1), [] {
      std::atomic<bool> other_ran{false};
      Fiber other([&] { other_ran = true; });
      {
        const this_fiber::NoPreempt guard;
        const std::uint64_t before = stats().preemption_requests;
        while (stats().preemption_requests < before + 3) fibonacci(10);
        EXPECT_FALSE(other_ran);
      }
      EXPECT_TRUE(other_ran);
    });
  });
}

// A check may come while an exception is under way: in a destructor that it calls, or in a handler.
class ComputesAtItsEnd {
 public:
  explicit ComputesAtItsEnd(std::atomic<int>& faults) : faults_(faults), before_(std::uncaught_exceptions()) {}
  ~ComputesAtItsEnd() {
    const int now = std::uncaught_exceptions();
    fibonacci(8);
    if (std::uncaught_exceptions() != now || now != before_ + 1) ++faults_;
    try {
      throw std::string("inner");
    } catch (const std::string& caught) {
      fibonacci(8);
      if (caught != "inner" || std::uncaught_exceptions() != now) ++faults_;
    }
  }

 private:
  std::atomic<int>& faults_;
  const int before_;
};

[[gnu::noinline]] void throw_from(int depth, int value, std::atomic<int>& faults) {
  const ComputesAtItsEnd object(faults);
  if (depth == 0) throw std::runtime_error(std::to_string(value));
  throw_from(depth - 1, value, faults);
}

TEST_P(Instrumented, ExceptionsAreTheFibersOwn) {
  passes_in_child(
      [] {
        std::atomic<int> faults{0};
        run(cooperative(2), [&] {
          const Storm storm(1, 2);
          std::vector<Fiber> fibers;
          for (int id = 0; id < 6; ++id) {
            fibers.emplace_back([id, &faults] {
              for (int round = 0; stats().cooperative_preemptions < scaled(2000); ++round) {
                const int value = 1000 * id + round;
                try {
                  throw_from(3, value, faults);
                  ++faults;
                } catch (const std::exception& caught) {
                  fibonacci(8);
                  if (caught.what() != std::to_string(value)) ++faults;
                  try {
                    fibonacci(8);
                    throw;
                  } catch (const std::exception& again) {
                    if (&again != &caught) ++faults;
                  }
                }
              }
            });
          }
          fibers.clear();
        });
        EXPECT_EQ(faults, 0);
      },
      60s);
}

// R47, BigFrameSeesPoison: calls with a large frame, separated by long stretches that nobody checks.
[[gnu::noinline]] void call_with_a_big_frame(std::atomic<std::uint64_t>& calls) {
  char frame[8192];
  asm volatile("" : : "r"(frame) : "memory");
  ++calls;
}

class BigFrame : public testing::TestWithParam<std::tuple<std::string, Resume>> {};

TEST_P(BigFrame, SeesThatTheWorldStops) {
  passes_in_child(
      [] {
        const auto& [strategy, resume] = GetParam();
        std::atomic<std::uint64_t> calls{0};
        run(config(strategy, 2, resume), [&calls] {
          Fiber([&calls] {
            for (;;) {
              call_with_a_big_frame(calls);
              spin(1'000'000);
            }
          }).detach();
          for (int round = 0; round < 3; ++round) {
            const std::uint64_t before = calls;
            while (calls == before) this_fiber::yield();
            const StoppedWorld world;
            const std::uint64_t stopped = calls;
            spin(20'000'000);
            EXPECT_EQ(calls, stopped);
          }
        });
      },
      60s);
}

INSTANTIATE_TEST_SUITE_P(Of, BigFrame,
                         testing::Combine(testing::ValuesIn(strategies_but_none()),
                                          testing::Values(Resume::kSameThread, Resume::kAnyThread)),
                         [](const auto& info) {
                           return std::get<0>(info.param) +
                                  (std::get<1>(info.param) == Resume::kSameThread ? "_same_thread" : "_any_thread");
                         });

// Foreign code that is instrumented is not stopped, however often that is asked: its fiber must not leave the thread.
TEST_P(Instrumented, ForeignCodeGoesOn) {
  passes_in_child(
      [] {
        run(cooperative(2), [] {
          const Storm storm(1, 2);
          std::vector<Fiber> fibers;
          for (int id = 0; id < 4; ++id) {
            fibers.emplace_back([] {
              for (std::size_t round = 0; round < scaled(300); ++round) {
                EXPECT_EQ(foreign_call([] {
                            const std::uintptr_t thread = this_thread();
                            const std::uint64_t result = fibonacci(kNumber - 4);
                            return thread == this_thread() ? result : 0;
                          }),
                          987U);
              }
            });
          }
          fibers.clear();
        });
      },
      60s);
}

// A callback is a fiber's code again.
TEST_P(Instrumented, ACallbackLetsTheOthersRun) {
  passes_in_child([] {
    run(cooperative(1), [] {
      std::atomic<bool> runs{false};
      std::atomic<bool> stop{false};
      Fiber calls([&] {
        foreign_call([&] {
          const std::uintptr_t thread = this_thread();
          callback([&] {
            runs = true;
            while (!stop.load(std::memory_order_relaxed)) {
            }
          });
          EXPECT_EQ(this_thread(), thread);
        });
      });
      while (!runs) this_fiber::yield();
      stop = true;
    });
  });
}

TEST_P(Instrumented, OrdinaryThreadsGoOn) {
  passes_in_child([] {
    run(cooperative(2), [] {
      const Storm storm(1, 2);
      std::atomic<bool> done{false};
      std::thread thread([&done] {
        for (std::size_t round = 0; round < scaled(300); ++round) EXPECT_EQ(fibonacci(kNumber - 4), 987U);
        done = true;
      });
      while (!done) fibonacci(10);
      thread.join();
    });
  });
}

INSTANTIATE_TEST_SUITE_P(Resume, Instrumented, testing::Values(Resume::kSameThread, Resume::kAnyThread), [](const auto& info) {
  return std::string(info.param == Resume::kSameThread ? "same_thread" : "any_thread");
});

/// Of fibers, in whatever way.
std::uint64_t stops() {
  const Stats now = stats();
  return now.preemptions + now.cooperative_preemptions;
}

// The compiler knows of no call where a check is, and keeps what it knows of thread-locals and errno.
class InstrumentedThreadLocal : public testing::TestWithParam<std::string> {};

TEST_P(InstrumentedThreadLocal, StaysTheFibersOwnUnderSameThread) {
  passes_in_child(
      [] {
        HammerFaults faults;
        Config often = config(GetParam(), 4, Resume::kSameThread);
        often.preempter.quantum = 200us;
        run(often, [&] {
          const std::uint64_t wanted = scaled(200);
          std::vector<Fiber> fibers;
          for (std::uint64_t id = 0; id < 12; ++id) {
            fibers.emplace_back([id, wanted, &faults] {
              for (std::uint64_t round = 0; stops() < wanted; ++round) {
                hammer(id << 40 | round << 20, 10'000, faults);
                this_fiber::yield();
              }
            });
          }
        });
        EXPECT_EQ(faults.words, 0U);
        EXPECT_EQ(faults.errors, 0U);
      },
      50s);
}

INSTANTIATE_TEST_SUITE_P(Of, InstrumentedThreadLocal, testing::ValuesIn(strategies_but_none()),
                         [](const auto& info) { return info.param; });

TEST(Instrumented, IsNotStoppedUnderNone) {
  passes_in_child([] {
    run(config("none", 1), [] {
      std::atomic<bool> other_ran{false};
      Fiber other([&] { other_ran = true; });
      const std::uint64_t before = stats().preemption_requests;
      while (stats().preemption_requests < before + 3) fibonacci(10);
      EXPECT_FALSE(other_ran);
      EXPECT_EQ(stats().cooperative_preemptions, 0U);
    });
  });
}

TEST(Instrumented, EndsWithTheRunUnderNone) {
  passes_in_child([] {
    std::uint32_t turns = 0;
    run(config("none", 2), [&turns] {
      Fiber([&turns] { turn_for_ever(&turns); }).detach();
      while (std::atomic_ref(turns) == 0) this_fiber::yield();
    });
  });
}

// Once all requests are met checkpoints are cheap again; after that a request is seen as before, also in the next run().
TEST(Instrumented, ChecksAreCheapAgainWhenRequestsAreMet) {
  passes_in_child(
      [] {
        for (int round = 0; round < 3; ++round) {
          std::uint32_t turns = 0;
          const std::atomic_ref seen(turns);
          run(config("cooperative", 2), [&turns, seen] {
            Fiber([&turns] { turn_for_ever(&turns); }).detach();
            for (int stop = 0; stop < 10; ++stop) {
              const std::uint32_t before = seen;
              while (seen == before) this_fiber::yield();
              { const StoppedWorld world; }
              while (heddle::detail::preemption_pending != 0) fibonacci(5);
            }
          });
          EXPECT_EQ(heddle::detail::preemption_pending, 0U);
        }
      },
      60s);
}

}  // namespace
}  // namespace heddle::test
