// Fiber and this_fiber: handles, identity, options, and the errors of their users.
#include "runtime/child.hpp"
#include "runtime/each_strategy.hpp"
#include "runtime/scenario.hpp"
#include "runtime/threads.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <atomic>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <system_error>
#include <type_traits>
#include <unordered_set>

namespace heddle::test {
namespace {

static_assert(!std::is_copy_constructible_v<Fiber> && std::is_nothrow_move_constructible_v<Fiber>);
static_assert(!std::is_constructible_v<Fiber, int>, "only what can be called makes a fiber");

template <class F>
std::error_code error_of(F function) {
  try {
    function();
  } catch (const std::system_error& error) {
    EXPECT_STRNE(error.what(), "");
    return error.code();
  }
  return {};
}

TEST(Fiber, RunsItsFunctionWithItsArguments) {
  on_one_processor([] {
    int result = 0;
    struct Adds {
      void add(int* to, int value) const { *to += value + more; }
      int more;
    };
    Fiber([](int a, int b, int& out) { out = a - b; }, 9, 4, std::ref(result)).join();
    EXPECT_EQ(result, 5);
    Fiber(&Adds::add, Adds{10}, &result, 1).join();
    EXPECT_EQ(result, 16);
  });
}

TEST(Fiber, JoinsOnDestructionAndAssignment) {
  on_one_processor([] {
    int done = 0;
    {
      Fiber fiber([&] {
        this_fiber::yield();
        ++done;
      });
    }
    EXPECT_EQ(done, 1);
    Fiber fiber([&] {
      this_fiber::yield();
      ++done;
    });
    fiber = Fiber([&] { ++done; });
    EXPECT_GE(done, 2);
    fiber.join();
    EXPECT_EQ(done, 3);
  });
}

TEST(Fiber, MovesAndSwaps) {
  on_one_processor([] {
    Fiber none;
    EXPECT_FALSE(none.joinable());
    EXPECT_EQ(none.get_id(), Fiber::Id());
    Fiber first([] {});
    const Fiber::Id id = first.get_id();
    EXPECT_NE(id, Fiber::Id());
    Fiber second(std::move(first));
    EXPECT_FALSE(first.joinable());
    EXPECT_EQ(second.get_id(), id);
    second.swap(none);
    EXPECT_FALSE(second.joinable());
    EXPECT_EQ(none.get_id(), id);
    none.join();
    EXPECT_FALSE(none.joinable());
    EXPECT_EQ(none.get_id(), Fiber::Id());
  });
}

TEST(Fiber, DetachedOneGoesOnAlone) {
  on_one_processor([] {
    std::atomic<bool> done{false};
    Fiber fiber([&] {
      for (int i = 0; i < 10; ++i) this_fiber::yield();
      done = true;
    });
    fiber.detach();
    EXPECT_FALSE(fiber.joinable());
    fiber.detach();
    while (!done) this_fiber::yield();
  });
}

TEST(Fiber, JoinErrorsAreToldApart) {
  on_one_processor([] {
    Fiber none;
    EXPECT_EQ(error_of([&] { none.join(); }), std::errc::invalid_argument);
    Fiber self([&] { EXPECT_EQ(error_of([&] { self.join(); }), std::errc::resource_deadlock_would_occur); });
    self.join();
    EXPECT_EQ(error_of([&] { self.join(); }), std::errc::invalid_argument);
  });
}

TEST(Fiber, IsStartedAndJoinedByAThread) {
  passes_in_child([] {
    std::atomic<int> done{0};
    run(config(kPreemptive, 2), [&] {
      Threads threads;
      for (int i = 0; i < 4; ++i) {
        threads.start([&] {
          EXPECT_EQ(this_fiber::get_id(), FiberId());
          for (int round = 0; round < 200; ++round) {
            Fiber fiber([&] {
              this_fiber::yield();
              ++done;
            });
            fiber.join();
          }
        });
      }
      threads.join();
    });
    EXPECT_EQ(done, 800);
  });
}

TEST(Fiber, OneStartedByAFiberIsJoinedByAThread) {
  passes_in_child([] {
    run(config(kPreemptive, 2), [] {
      for (int round = 0; round < 200; ++round) {
        std::atomic<bool> done{false};
        Fiber fiber([&] {
          this_fiber::yield();
          done = true;
        });
        Threads threads;
        threads.start([&] {
          fiber.join();
          EXPECT_TRUE(done);
        });
        threads.join();
      }
    });
  });
}

TEST(Fiber, NeedsARuntime) {
  EXPECT_EQ(error_of([] { Fiber fiber([] {}); }), std::errc::operation_not_permitted);
  EXPECT_EQ(error_of([] { this_fiber::yield(); }), std::errc::operation_not_permitted);
  EXPECT_EQ(this_fiber::get_id(), FiberId());
  EXPECT_EQ(this_fiber::name(), "");
}

TEST(Fiber, IdsAreNeverUsedAgain) {
  on_one_processor([] {
    std::set<FiberId> ids{this_fiber::get_id()};
    std::unordered_set<FiberId> hashed;
    for (int i = 0; i < 10'000; ++i) {
      FiberId inside;
      Fiber fiber([&] { inside = this_fiber::get_id(); });
      const FiberId outside = fiber.get_id();
      fiber.join();
      ASSERT_EQ(inside, outside);
      ASSERT_NE(outside, FiberId());
      ASSERT_TRUE(ids.insert(outside).second);
      ASSERT_TRUE(hashed.insert(outside).second);
    }
    std::ostringstream text;
    text << FiberId(42);
    EXPECT_EQ(text.str(), "42");
  });
}

TEST(Fiber, HasTheNameItWasGiven) {
  on_one_processor([] {
    Fiber([] { EXPECT_EQ(this_fiber::name(), ""); }).join();
    {
      std::string passing = "crawler";
      Fiber fiber({.name = passing}, [] { EXPECT_EQ(this_fiber::name(), "crawler"); });
      passing.assign(passing.size(), '?');
    }
    const std::string long_name(100, 'x');
    Fiber({.name = long_name}, [] { EXPECT_EQ(this_fiber::name(), std::string(31, 'x')); }).join();
    // A recycled control block keeps nothing of the fiber before.
    Fiber([] { EXPECT_EQ(this_fiber::name(), ""); }).join();
  });
}

/// Uses `bytes` of the stack and returns a value that depends on all of them.
[[gnu::noinline]] unsigned use_stack(std::size_t bytes) {
  volatile unsigned char block[4096];
  for (std::size_t i = 0; i < sizeof block; i += 64) block[i] = static_cast<unsigned char>(bytes + i);
  const unsigned below = bytes > sizeof block ? use_stack(bytes - sizeof block) : 0;
  return below + block[64];
}

TEST(Fiber, HasTheStackItAskedFor) {
  on_one_processor([] {
    std::atomic<unsigned> used{0};
    for (const std::size_t size : {std::size_t{64} << 10, std::size_t{1} << 20, std::size_t{16} << 20}) {
      Fiber({.stack_size = size}, [&, size] { used += use_stack(size - size / 4); }).join();
    }
    Fiber({.stack_size = 1}, [] {}).join();
    EXPECT_GT(used, 0U);
  });
}

TEST(Fiber, StackLargerThanTheMostIsRefused) {
  on_one_processor([] {
    const std::size_t most = Config::find().stack.max_size;
    Fiber({.stack_size = most}, [] {}).join();
    EXPECT_THROW(Fiber({.stack_size = most + 1}, [] {}), std::invalid_argument);
    EXPECT_THROW(Fiber({.stack_size = ~std::size_t{0}}, [] {}), std::invalid_argument);
  });
}

TEST(Fiber, AnEscapingExceptionEndsTheProcess) {
  const Outcome outcome = in_child([] {
    run(config("none", 1), [] {
      Fiber fiber([] { throw std::runtime_error("nobody caught this"); });
      fiber.join();
    });
  });
  EXPECT_NE(outcome.exit_code, 0) << describe(outcome);
  EXPECT_NE(outcome.exit_code, 1) << describe(outcome);
  EXPECT_FALSE(outcome.timed_out) << describe(outcome);
  EXPECT_NE(outcome.err.find("nobody caught this"), std::string::npos) << describe(outcome);
}

TEST(Yield, TakesTurns) {
  on_one_processor([] {
    std::string turns;
    const auto take_turns = [&](char name) {
      for (int i = 0; i < 4; ++i) {
        turns += name;
        this_fiber::yield();
      }
    };
    Fiber a(take_turns, 'a');
    Fiber b(take_turns, 'b');
    a.join();
    b.join();
    const std::string rotated = turns.substr(0, 2);
    EXPECT_TRUE(rotated == "ab" || rotated == "ba") << turns;
    EXPECT_EQ(turns, rotated + rotated + rotated + rotated);
  });
}

}  // namespace
}  // namespace heddle::test
