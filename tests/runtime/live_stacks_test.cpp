// LiveStack: whatever a fiber holds, wherever it stands, a collector that scans its ranges finds it.
#include "runtime/live_stacks.hpp"

#include "runtime/child.hpp"
#include "runtime/each_strategy.hpp"
#include "runtime/scenario.hpp"
#include "runtime/threads.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <array>
#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <thread>

namespace heddle::test {
namespace {

using namespace std::chrono_literals;

using LiveStacks = EachStrategy;
INSTANTIATE_TEST_SUITE_P(Under, LiveStacks, each_strategy(), strategy_name);

TEST_P(LiveStacks, OfFibersThatHaveNotBegun) {
  passes([] {
    Fiber fiber;
    const StoppedWorld world;
    fiber = Fiber([](std::uintptr_t) {}, secret(1));
    const Look all = look(world);
    EXPECT_EQ(all.fibers.at(fiber.get_id()).state, State::kStands);
    EXPECT_TRUE(all.fibers.at(fiber.get_id()).holds(1, Of::kStack));
    expect_sound(all);
  });
}

TEST_P(LiveStacks, OfFibersThatWait) {
  passes([] {
    Channel<int> channel;
    Mutex mutex;
    mutex.lock();
    std::array<Fiber, 4> fibers;
    fibers[0] = Fiber([&] { hold_in_frame(0, [&] { channel.receive(); }); });
    fibers[1] = Fiber([&] {
      hold_in_frame(1, [&] {
        mutex.lock();
        mutex.unlock();
      });
    });
    fibers[2] = Fiber([&](std::stop_token stop) {
      hold_in_frame(2, [&] {
        while (!stop.stop_requested()) this_fiber::sleep_for(10ms);
      });
    });
    fibers[3] = Fiber([&] { hold_over_calls(3, [&] { return channel.receive().has_value(); }); });
    for (Fiber& fiber : fibers) wait_until_waits(fiber.get_id());
    const Look all = look();
    for (std::size_t i = 0; i < fibers.size(); ++i) {
      const Seen& seen = all.fibers.at(fibers[i].get_id());
      EXPECT_EQ(seen.state, State::kStands);
      for (std::size_t j = 0; j < fibers.size(); ++j) EXPECT_EQ(seen.holds(j), i == j) << i << ' ' << j;
    }
    expect_sound(all);
    channel.close();
    mutex.unlock();
  });
}

/// `before` is what the fiber has done.
template <class Before>
void look_at_a_fiber_that_grows(Before before) {
  Channel<int> channel;
  Fiber fiber({.stack_size = 64 << 10}, [&] {
    before();
    hold_over_calls(1, [&] {
      with_stack(100 << 10, [&] {
        hold_in_frame(
            2, [&] { with_stack(1 << 20, [&] { hold_over_calls(3, [&] { return channel.receive().has_value(); }); }); });
      });
      return false;
    });
  });
  wait_until_waits(fiber.get_id());
  const Look all = look();
  const Seen& seen = all.fibers.at(fiber.get_id());
  EXPECT_EQ(seen.state, State::kStands);
  for (std::size_t i = 1; i <= 3; ++i) EXPECT_TRUE(seen.holds(i, Of::kStack)) << i;
  expect_sound(all);
  channel.close();
  fiber.join();
}

TEST_P(LiveStacks, OfFibersThatHaveGrown) {
  passes([] {
    look_at_a_fiber_that_grows([] {});
    with_stack(std::size_t{16} << 20, [] {
      hold_over_calls(4, [] {
        const Look mine = look();
        EXPECT_TRUE(mine.fibers.at(this_fiber::get_id()).holds(4, Of::kStack));
        expect_sound(mine);
        return false;
      });
    });
  });
}

TEST_P(LiveStacks, OfFibersOnStacksThatTheyHadKept) {
  passes([] { look_at_a_fiber_that_grows([] { with_stack(100 << 10, [] {}); }); });
}

TEST_P(LiveStacks, OfFibersThatHaveEnded) {
  passes([] {
    Fiber fiber([] { hold_in_frame(1, [] {}); });
    std::optional<State> state;
    while (state != State::kEnded) {
      this_fiber::yield();
      const Look all = look();
      state = all.fibers.at(fiber.get_id()).state;
      expect_sound(all);
    }
  });
}

/// During the visit: afterwards the frames below the visitor's caller are used for other things.
[[gnu::noinline]] bool caller_holds(const StoppedWorld& world, std::uintptr_t complement, Of of) {
  bool found = false;
  visit_live_stacks(world, [&](const LiveStack& stack) {
    if (stack.state() != State::kCaller) return;
    stack.for_each_range([&](const LiveRange& range) { found = found || (range.of == of && holds(range, complement)); });
  });
  return found;
}

TEST_P(LiveStacks, OfTheOneThatAsks) {
  passes([] {
    const auto check = [mine = stack_here()](const Look& all) {
      EXPECT_EQ(all.fibers.at(this_fiber::get_id()).state, State::kCaller);
      EXPECT_TRUE(all.fibers.at(this_fiber::get_id()).includes(mine));
      expect_sound(all);
    };
    const StoppedWorld world;
    hold_over_calls(1, [&] {
      EXPECT_TRUE(caller_holds(world, ~secret(1), Of::kStack));
      check(look(world));
      return false;
    });
    hold_over_calls(2, [&] {
      foreign_call([&] {
        hold_over_calls(3, [&] {
          EXPECT_TRUE(caller_holds(world, ~secret(2), Of::kStack));
          EXPECT_TRUE(caller_holds(world, ~secret(3), Of::kThread));
          check(look(world));
          return false;
        });
      });
      return false;
    });
  });
}

TEST_P(LiveStacks, OfFibersInForeignCalls) {
  passes([] {
    std::atomic<bool> inside{false}, leave{false};
    std::atomic<std::uintptr_t> there{0};
    Fiber fiber([&] {
      hold_over_calls(1, [&] {
        there = stack_here();
        foreign_call([&] {
          inside = true;
          while (!leave) std::this_thread::yield();
        });
        return false;
      });
    });
    while (!inside) this_fiber::sleep_for(100us);
    {
      const StoppedWorld world;
      const Look all = look(world);
      EXPECT_TRUE(all.count.complete());
      EXPECT_EQ(all.fibers.at(fiber.get_id()).state, State::kForeign);
      EXPECT_TRUE(all.fibers.at(fiber.get_id()).holds(1, Of::kStack));
      EXPECT_TRUE(all.fibers.at(fiber.get_id()).includes(there));
      expect_sound(all);
      leave = true;  // it comes back, and stands until the world goes on
      for (int i = 0; i < 100; ++i) EXPECT_TRUE(look(world).fibers.at(fiber.get_id()).holds(1, Of::kStack));
    }
  });
}

// The foreign code between the two stands as long as the callback does.
TEST_P(LiveStacks, OfFibersInCallbacks) {
  passes([] {
    Channel<int> channel;
    std::atomic<std::uint64_t> id{0};
    Threads threads;
    const auto calls_back = [&] {
      hold_over_calls(2, [&] {
        callback([&] {
          id = this_fiber::get_id().number();
          hold_in_frame(3, [&] { channel.receive(); });
        });
        return false;
      });
    };
    Fiber fiber([&] {
      hold_over_calls(1, [&] {
        foreign_call(calls_back);
        return false;
      });
    });
    while (id == 0) this_fiber::yield();
    wait_until_waits(fiber.get_id());
    const Look inside = look();
    EXPECT_EQ(inside.fibers.at(fiber.get_id()).state, State::kStands);
    EXPECT_TRUE(inside.fibers.at(fiber.get_id()).holds(1, Of::kStack));
    EXPECT_TRUE(inside.fibers.at(fiber.get_id()).holds(2, Of::kThread));
    EXPECT_TRUE(inside.fibers.at(fiber.get_id()).holds(3, Of::kStack));
    expect_sound(inside);
    channel.send(0);
    fiber.join();

    id = 0;
    threads.start(calls_back);
    while (id == 0) this_fiber::yield();
    wait_until_waits(FiberId(id));
    const Look outside = look();
    EXPECT_EQ(outside.fibers.at(FiberId(id)).state, State::kStands);
    EXPECT_TRUE(outside.fibers.at(FiberId(id)).holds(2, Of::kThread));
    EXPECT_TRUE(outside.fibers.at(FiberId(id)).holds(3, Of::kStack));
    expect_sound(outside);
    channel.send(0);
    threads.join();
  });
}

/// A value that waits where it is told to, with a secret that nobody else has.
struct Slow {
  explicit Slow(std::uintptr_t number, Channel<int>* in_constructor, Channel<int>* in_destructor)
      : held(secret(number)), before_end(in_destructor) {
    if (in_constructor) in_constructor->receive();
  }
  Slow(const Slow&) = delete;
  ~Slow() {
    if (before_end) before_end->receive();
  }
  volatile std::uintptr_t held;
  Channel<int>* const before_end;
};

TEST_P(LiveStacks, HaveTheFiberLocalValues) {
  passes([] {
    Channel<int> begin, go_on, end;
    FiberLocal<Slow> first([&] { return Slow(1, nullptr, nullptr); });
    FiberLocal<Slow> second([&] { return Slow(2, &begin, &end); });
    Fiber fiber([&] {
      (void)first.get();
      (void)second.get();
      go_on.receive();
    });
    for (Channel<int>* stage : {&begin, &go_on, &end}) {
      const Look all = [&] {  // until it waits there
        for (;; this_fiber::yield()) {
          wait_until_waits(fiber.get_id());
          Look seen = look();
          if (seen.fibers.at(fiber.get_id()).holds(2, Of::kLocal)) return seen;
        }
      }();
      EXPECT_TRUE(all.fibers.at(fiber.get_id()).holds(1, Of::kLocal));
      expect_sound(all);
      stage->send(0);
    }
  });
}

TEST_P(LiveStacks, HaveTheExceptionThatIsHandled) {
  passes([] {
    Channel<int> channel;
    std::atomic<std::uintptr_t> thrown{0};
    Fiber fiber([&] {
      try {
        throw 1;
      } catch (const int& exception) {
        thrown = reinterpret_cast<std::uintptr_t>(&exception);
        channel.receive();
      }
    });
    while (thrown == 0) this_fiber::yield();
    wait_until_waits(fiber.get_id());
    const Look all = look();
    bool found = false;
    for (const LiveRange& range : all.fibers.at(fiber.get_id()).ranges) {
      for (const auto* word = static_cast<const std::uintptr_t*>(range.low); word != range.high; ++word) {
        const std::uintptr_t header = *word;  // the C++ runtime's, before what is thrown
        found = found || (header < thrown && header + 512 > thrown);
      }
    }
    EXPECT_TRUE(found);
    channel.send(0);
  });
}

TEST_P(LiveStacks, OfOneStoppedFiberWhileOthersRun) {
  passes([] {
    Channel<int> channel;
    Fiber fiber([&] { hold_in_frame(1, [&] { channel.receive(); }); });
    wait_until_waits(fiber.get_id());
    {
      const StoppedFiber stopped(fiber.get_id());
      ASSERT_TRUE(stopped);
      channel.send(0);
      this_fiber::yield();
      bool found = false;
      const LiveStackCount count = visit_live_stacks(stopped, [&](const LiveStack& stack) {
        EXPECT_EQ(stack.id(), fiber.get_id());
        EXPECT_EQ(stack.state(), State::kStands);
        stack.for_each_range([&](const LiveRange& range) { found = found || holds(range, ~secret(1)); });
      });
      EXPECT_TRUE(found);
      EXPECT_EQ(count.fibers, 1U);
      EXPECT_TRUE(count.complete());
    }
    fiber.join();
    const StoppedFiber gone(FiberId(1'000'000'000));
    EXPECT_EQ(visit_live_stacks(gone, [](const LiveStack&) { ADD_FAILURE(); }).fibers, 0U);
  });
}

// A fiber in a call that the runtime was not told of, without a processor: it could go on at any moment.
class LiveStacksBeside : public testing::TestWithParam<std::string> {};

TEST_P(LiveStacksBeside, FibersThatBlockTheirThreads) {
  passes_in_child([] {
    run(config(GetParam(), 1), [] {
      Gate gate;
      std::atomic<bool> inside{false};
      Fiber fiber([&] {
        hold_in_frame(1, [&] {
          const this_fiber::NoPreempt guard;  // never stopped with the lock of the gate
          inside = true;
          gate.wait();
        });
      });
      while (!inside) this_fiber::yield();
      {
        const StoppedWorld world;
        const Look all = look(world);
        EXPECT_EQ(all.count.moving, 1U);
        EXPECT_EQ(all.fibers.at(fiber.get_id()).state, State::kMoves);
        expect_sound(all);
        gate.open();
        for (int i = 0; i < 100; ++i) EXPECT_EQ(look(world).fibers.at(fiber.get_id()).state, State::kMoves);
      }
      const Look all = look();
      EXPECT_TRUE(all.count.complete());
      fiber.join();
    });
  });
}

INSTANTIATE_TEST_SUITE_P(Under, LiveStacksBeside, testing::ValuesIn(strategies_but_none()),
                         [](const auto& info) { return info.param; });

TEST(LiveStacksFromAThread, OfAllFibers) {
  passes_in_child([] {
    run(config(kPreemptive, 2), [] {
      Channel<int> channel;
      Fiber fiber([&] { hold_in_frame(1, [&] { channel.receive(); }); });
      wait_until_waits(fiber.get_id());
      Threads threads;
      threads.start([&] {
        const StoppedWorld world;
        const Look all = look(world);
        EXPECT_EQ(all.fibers.size(), 2U);
        EXPECT_TRUE(all.fibers.at(fiber.get_id()).holds(1, Of::kStack));
        expect_sound(all);
      });
      threads.join();
      channel.send(0);
    });
  });
}

TEST(LiveStacksFromAThread, WithoutARuntimeThereAreNone) {
  const StoppedWorld world;
  const LiveStackCount count = visit_live_stacks(world, [](const LiveStack&) { ADD_FAILURE(); });
  EXPECT_EQ(count.fibers, 0U);
  EXPECT_TRUE(count.complete());
}

}  // namespace
}  // namespace heddle::test
