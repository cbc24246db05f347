// ContextSwitcher::morestack: where it asks, what it calls, and that nothing is lost on the way.
#include <functional>
#include <stdexcept>

#include "machine.hpp"
#include "worker.hpp"

namespace conformance {
namespace {

// What the fake core answers with, and what it has seen.
struct Answer {
  const HeddleContextSwitcher* switcher = nullptr;
  HeddleThread* thread = nullptr;
  HeddleSegment segment{};
  bool call = true;
  uint64_t switch_away = 0;  // so often first
  uint64_t asked = 0;
  uintptr_t asked_at = 0;  // a stack pointer
  void* context = nullptr;
  HeddleContext caller{};
  HeddleRegisters registers{};
} answer;

HeddleSegment* new_stack(const HeddleContext* caller, void* context) {
  volatile char local = 0;
  ++answer.asked;
  answer.asked_at = reinterpret_cast<uintptr_t>(&local);
  answer.context = context;
  answer.caller = *caller;
  answer.switcher->inspect(caller, &answer.registers);
  if (answer.switch_away != 0) {
    --answer.switch_away;
    answer.switcher->jump(&answer.thread->system, nullptr);
  }
  return answer.call ? &answer.segment : nullptr;
}

class Morestack : public Conformance {
 protected:
  void SetUp() override {
    Conformance::SetUp();
    answer = Answer();
    answer.switcher = switcher;
    answer.segment = {larger.lo(), larger.hi(), {}};
    core.new_stack = new_stack;
  }

  // Runs `body` on the stack of a worker's fiber.
  void on_a_fiber(const std::function<void(Worker&)>& body) {
    Worker worker(switcher, tls, preempter);
    answer.thread = &worker.thread;
    worker.run_undisturbed([&] { body(worker); });
  }

  Stack larger;
};

void* where(void* out) {
  alignas(16) volatile char local[16] = {};
  *static_cast<uintptr_t*>(out) = reinterpret_cast<uintptr_t>(local);
  return out;
}

TEST_F(Morestack, AsksOnTheSystemStackAndCallsOnTheSegment) {
  on_a_fiber([&](Worker& worker) {
    HeddleRegisters system{};
    switcher->inspect(&worker.thread.system, &system);
    for (int i = 0; i < 100; ++i) {
      uintptr_t local = 0;
      ASSERT_EQ(switcher->morestack(where, &local), &local);
      EXPECT_TRUE(larger.contains(local));
      EXPECT_EQ(local % 16, 0u);
      EXPECT_EQ(answer.context, &local);
      EXPECT_FALSE(worker.stack.contains(answer.asked_at));
      EXPECT_FALSE(larger.contains(answer.asked_at));
      EXPECT_LT(answer.asked_at, system.sp);
      EXPECT_TRUE(worker.stack.contains(answer.registers.sp));
      EXPECT_NE(answer.registers.pc, 0u);
    }
    EXPECT_EQ(answer.asked, 100u);
  });
}

TEST_F(Morestack, AsksWhereItIsOnAThreadThatIsNoWorkers) {
  uintptr_t local = 0;
  EXPECT_EQ(switcher->morestack(where, &local), &local);
  EXPECT_TRUE(larger.contains(local));
  const auto here = reinterpret_cast<uintptr_t>(&local);
  EXPECT_LT(answer.asked_at, here);
  EXPECT_LT(here - answer.asked_at, uintptr_t{64} << 10);
}

TEST_F(Morestack, AsksWhereItIsOnTheSystemStack) {
  on_a_fiber([&](Worker& worker) {
    struct Call {
      const HeddleContextSwitcher* switcher;
      uintptr_t local;
      uintptr_t here;
    } call{switcher, 0, 0};
    HeddleContext parked{};
    switcher->park_and_call(
        &parked, &worker.thread.system,
        [](void* argument) -> void* {
          auto& c = *static_cast<Call*>(argument);
          c.here = reinterpret_cast<uintptr_t>(&argument);
          return c.switcher->morestack(where, &c.local);
        },
        &call);
    EXPECT_TRUE(larger.contains(call.local));
    EXPECT_LT(answer.asked_at, call.here);
    EXPECT_LT(call.here - answer.asked_at, uintptr_t{64} << 10);
  });
}

TEST_F(Morestack, GoesBackWithoutACallWhenThereIsNoSegment) {
  answer.call = false;
  on_a_fiber([&](Worker&) {
    uintptr_t local = 0;
    for (int i = 0; i < 100; ++i) EXPECT_EQ(switcher->morestack(where, &local), nullptr);
    EXPECT_EQ(local, 0u);
    EXPECT_EQ(answer.asked, 100u);
  });
}

TEST_F(Morestack, HandsTheContextToTheFunctionInItsRegister) {
  on_a_fiber([&](Worker&) {
    for (uintptr_t i = 1; i <= 10'000; ++i) {
      auto* context = reinterpret_cast<void*>(i * 0x10001);
      ASSERT_EQ(switcher->morestack(probe_chain, context), context);
      ASSERT_EQ(answer.context, context);
    }
  });
}

void* unchanged(HeddleContext*, const HeddleContext*, void* transfer) {
  return transfer;
}

// Has every register changed on the segment, as a function may that puts them back.
void* change_registers(void* argument) {
  SwapProbe probe{unchanged, nullptr, nullptr, nullptr, 0x3333333333333333u, nullptr};
  probe_swap(&probe);
  return argument;
}

void* grow(HeddleContext*, const HeddleContext*, void* transfer) {
  return answer.switcher->morestack(change_registers, transfer);
}

// Gives way at the check: new_stack leaves for the scheduler, here the test, which comes back to the parked caller.
uint64_t probe_growth(uint64_t seed) {
  SwapProbe probe{grow, nullptr, nullptr, &answer, 0x2222222222222222u * (seed % 7), nullptr};
  const uint64_t changed = probe_swap(&probe);
  return probe.result == &answer ? changed : ~uint64_t{0};
}

TEST_F(Morestack, KeepsEveryCalleeSavedRegisterOverGrowth) {
  on_a_fiber([](Worker&) {
    for (uint64_t i = 0; i < 10'000; ++i) ASSERT_EQ(probe_growth(i), 0u) << "at " << i;
  });
}

TEST_F(Morestack, KeepsThemWhenTheFiberGivesWayAtTheCheck) {
  struct Scene {
    const HeddleContextSwitcher* switcher;
    const HeddleTlsProvider* tls;
    HeddleThread thread{};
    HeddleContext fiber{};
    uint64_t changed = 0;
    bool done = false;
  } scene{switcher, tls};
  Stack stack;
  answer.thread = &scene.thread;
  ASSERT_EQ(tls->bind(&scene.thread), HEDDLE_OK);
  switcher->make(
      &scene.fiber, stack.lo(), stack.hi(),
      [](void*, void* argument) {
        auto& s = *static_cast<Scene*>(argument);
        for (uint64_t i = 0; i < 10'000; ++i) {
          answer.switch_away = i % 3;
          for (;;) {
            SwapProbe probe{grow, nullptr, nullptr, &answer, 0x1111111111111111u * (i % 13), nullptr};
            s.changed |= probe_swap(&probe);
            if (probe.result == &answer) break;  // else the transfer of whoever came back
            s.changed |= probe.result == &s ? 0 : 1 << 20;
          }
        }
        s.done = true;
        s.switcher->jump(&s.thread.system, nullptr);
      },
      &scene);
  uint64_t ways = 0;
  for (; !scene.done; ++ways) {
    scene.thread.fiber = &scene;
    switcher->swap(&scene.thread.system, &scene.fiber, &scene);
    scene.thread.fiber = nullptr;
    scene.fiber = answer.caller;
    SwapProbe elsewhere{unchanged, nullptr, nullptr, nullptr, 0x4444444444444444u, nullptr};
    probe_swap(&elsewhere);
  }
  tls->clear();
  EXPECT_EQ(ways, 1u + 9999u);  // 0, 1, 2, 0, 1, 2 … times each
  EXPECT_EQ(scene.changed, 0u);
}

TEST_F(Morestack, AnExceptionUnwindsThroughIt) {
  on_a_fiber([&](Worker&) {
    for (int i = 0; i < 100; ++i) {
      int caught = -1;
      try {
        switcher->morestack([](void* argument) -> void* { throw *static_cast<int*>(argument); }, &i);
      } catch (int thrown) {
        caught = thrown;
      }
      ASSERT_EQ(caught, i);
    }
  });
}

TEST_F(Morestack, Nests) {
  struct Level {
    Stack stacks[4];
    uint64_t depth = 0;
    static void* go(void* argument) {
      auto& level = *static_cast<Level*>(argument);
      if (level.depth == 4) throw std::runtime_error("deepest");
      answer.segment = {level.stacks[level.depth].lo(), level.stacks[level.depth].hi(), {}};
      ++level.depth;
      return answer.switcher->morestack(go, argument);
    }
  } level;
  on_a_fiber([&](Worker&) { EXPECT_THROW(Level::go(&level), std::runtime_error); });
  EXPECT_EQ(level.depth, 4u);
}

}  // namespace
}  // namespace conformance
