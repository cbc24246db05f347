// Callbacks inside foreign calls: on the caller's stack and thread, at any depth, however they end.
#include "runtime/child.hpp"
#include "runtime/each_strategy.hpp"
#include "runtime/scenario.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace heddle::test {
namespace {

using std::chrono::milliseconds;

class Callback : public WithStrategy {};

TEST_P(Callback, RunsOnTheCallersStackAsTheSameFiber) {
  passes_in_child([] {
    run(configured(), [] {
      const std::uintptr_t mine = stack_here();
      const auto id = this_fiber::get_id();
      int result = foreign_call([&] {
        return callback([&] {
          const std::uintptr_t there = stack_here();
          EXPECT_LT(there, mine);
          EXPECT_LT(mine - there, std::uintptr_t{32 << 10});
          EXPECT_EQ(this_fiber::get_id(), id);
          return 42;
        });
      });
      EXPECT_EQ(result, 42);
    });
  });
}

// R24: with one processor, while foreign code is below.
TEST_P(Callback, TalksToAnotherFiber) {
  passes_in_child([] {
    run(configured(), [] {
      Channel<int> there;
      Channel<int> back;
      Fiber other([&] {
        while (auto value = there.receive()) back.send(*value + 1);
      });
      foreign_call([&] {
        for (int i = 0; i < 10; ++i) {
          callback([&] {
            there.send(i);
            EXPECT_EQ(back.receive(), i + 1);
          });
        }
      });
      there.close();
    });
  });
}

// I2.1, I2.2.
TEST_P(Callback, StaysOnItsThreadHoweverItWaits) {
  passes_in_child(
      [] {
        run(configured(), [] {
          constexpr int kFibers = 4;
          const std::size_t rounds = scaled(200);
          std::vector<Fiber> fibers;
          for (int i = 0; i < kFibers; ++i) {
            fibers.emplace_back([&] {
              for (std::size_t round = 0; round < rounds; ++round) {
                foreign_call([&] {
                  const std::uintptr_t thread = this_thread();
                  callback([&] {
                    this_fiber::yield();
                    if (round % 16 == 0) this_fiber::sleep_for(std::chrono::microseconds(100));
                    spin(1000);
                    EXPECT_EQ(this_thread(), thread);
                  });
                  EXPECT_EQ(this_thread(), thread);
                });
                this_fiber::yield();
              }
            });
          }
        });
      },
      std::chrono::seconds(60));
}

int nest(int depth) {
  return foreign_call([depth] {
    return callback([depth] {
      if (depth == 0) return 0;
      this_fiber::yield();
      return 1 + nest(depth - 1);
    });
  });
}

TEST_P(Callback, NestsAsDeepAsTheStacksAllow) {
  passes_in_child([] {
    run(configured(), [] {
      std::vector<Fiber> fibers;
      for (int i = 0; i < 4; ++i)
        fibers.emplace_back(FiberOptions{.stack_size = 1 << 20}, [] { EXPECT_EQ(nest(40), 40); });
    });
  });
}

struct Marker {
  explicit Marker(int& count) : count_(count) { ++count_; }
  ~Marker() { --count_; }
  int& count_;
};

// R22, I2.3: the foreign frames are left behind, everything else is as it was, and the system stack does not grow.
TEST_P(Callback, AnExceptionComesOutOfTheForeignCall) {
  passes_in_child([] {
    run(configured(), [] {
      int fiber_frames = 0;
      const std::size_t rounds = scaled(2000);
      for (std::size_t round = 0; round < rounds; ++round) {
        std::uintptr_t thread = 0;
        const std::uintptr_t before = foreign_call([&] { return thread = this_thread(), stack_here(); });
        try {
          foreign_call([&] {
            callback([&] {
              const Marker marker(fiber_frames);
              if (round % 2) this_fiber::yield();
              throw std::runtime_error("from the callback");
            });
            ADD_FAILURE() << "the foreign frame went on";
          });
          ADD_FAILURE() << "the foreign call returned";
        } catch (const std::runtime_error& error) {
          EXPECT_STREQ(error.what(), "from the callback");
        }
        EXPECT_EQ(fiber_frames, 0);
        EXPECT_EQ(foreign_call([] { return callback([] { return 7; }); }), 7);
        const std::uintptr_t after = foreign_call([&] { return this_thread() == thread ? stack_here() : before; });
        EXPECT_EQ(after, before);
      }
    });
  });
}

TEST_P(Callback, ExceptionsUnwindThroughManyLevels) {
  passes_in_child([] {
    run(configured(), [] {
      int frames = 0;
      for (std::size_t round = 0; round < scaled(500); ++round) {
        EXPECT_THROW(foreign_call([&] {
                       callback([&] {
                         const Marker outer(frames);
                         foreign_call([&] {
                           callback([&] {
                             const Marker inner(frames);
                             if (round % 2) this_fiber::yield();
                             throw std::logic_error("deep");
                           });
                         });
                       });
                     }),
                     std::logic_error);
        EXPECT_EQ(frames, 0);
      }
      EXPECT_EQ(nest(10), 10);
    });
  });
}

// An exception of the callback that is caught below the foreign call goes no further.
TEST_P(Callback, WhatItCatchesItselfStaysInside) {
  passes_in_child([] {
    run(configured(), [] {
      const int result = foreign_call([] {
        return callback([] {
          try {
            foreign_call([] { callback([] { throw 5; }); });
          } catch (int value) {
            return value;
          }
          return 0;
        });
      });
      EXPECT_EQ(result, 5);
    });
  });
}

TEST_P(Callback, IsAPlainCallInAFibersOwnCode) {
  passes_in_child([] {
    run(configured(), [] {
      EXPECT_EQ(callback([] { return 3; }), 3);
      EXPECT_THROW(callback([] { throw std::runtime_error("x"); }), std::runtime_error);
    });
  });
}

// The main fiber ends while others wait in callbacks: run() returns all the same.
TEST_P(Callback, IsLeftBehindWhenRunEnds) {
  passes_in_child([] {
    for (int round = 0; round < 20; ++round) {
      Channel<int>& never = *new Channel<int>;  // somebody waits for it for ever
      Channel<int> ready(8);
      run(configured(), [&] {
        for (int i = 0; i < 4; ++i) {
          Fiber([&] {
            foreign_call([&] {
              callback([&] {
                foreign_call([&] {
                  callback([&] {
                    ready.send(1);
                    never.receive();
                  });
                });
              });
            });
          }).detach();
        }
        for (int i = 0; i < 4; ++i) ready.receive();
      });
    }
  });
}

INSTANTIATE_TEST_SUITE_P(Under, Callback, none_and_preemptive(), strategy_name);

}  // namespace
}  // namespace heddle::test
