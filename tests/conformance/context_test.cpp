// ContextSwitcher: what a switch keeps, and where each of its functions leads.
#include <stdexcept>
#include <string>

#include "fixture.hpp"
#include "machine.hpp"

namespace conformance {
namespace {

// The tables and contexts that the fibers of one test share.
struct Scene {
  const HeddleContextSwitcher* switcher = nullptr;
  HeddleContext test{};
  HeddleContext fiber{};
  std::string trace;
  uint64_t changed = 0;
  void* leave(void* transfer) { return switcher->swap(&fiber, &test, transfer); }
};

class Context : public Conformance {
 public:
  void SetUp() override {
    Conformance::SetUp();
    scene.switcher = switcher;
  }
  void make(HeddleEntry entry) { switcher->make(&scene.fiber, stack.lo(), stack.hi(), entry, &scene); }
  void* enter(void* transfer = nullptr) { return switcher->swap(&scene.test, &scene.fiber, transfer); }

  Scene scene;
  Stack stack;
};

TEST_F(Context, SwapCarriesTheTransferBothWays) {
  make([](void* transfer, void* argument) {
    auto& s = *static_cast<Scene*>(argument);
    for (;;) transfer = s.leave(static_cast<char*>(transfer) + 1);
  });
  char words[8];
  EXPECT_EQ(enter(words), words + 1);
  EXPECT_EQ(enter(words + 3), words + 4);
}

TEST_F(Context, EntryRunsOnTheGivenStackWithTheAbisAlignment) {
  for (size_t offset = 0; offset < 16; ++offset) {
    switcher->make(
        &scene.fiber, stack.lo(), static_cast<char*>(stack.hi()) - offset,
        [](void*, void* argument) {
          alignas(16) volatile char local[16] = {};
          static_cast<Scene*>(argument)->leave(const_cast<char*>(local));
        },
        &scene);
    const auto local = reinterpret_cast<uintptr_t>(enter());
    EXPECT_TRUE(stack.contains(local));
    EXPECT_EQ(local % 16, 0u);
  }
}

TEST_F(Context, AFreshContextAndItsFirstSwapStayWithinFrameBytes) {
  make([](void*, void* argument) {
    auto& s = *static_cast<Scene*>(argument);
    s.switcher->swap(&s.fiber, &s.test, nullptr);
  });
  const auto top = reinterpret_cast<uintptr_t>(stack.hi());
  EXPECT_LE(top - reinterpret_cast<uintptr_t>(scene.fiber.sp), switcher->frame_bytes);
}

TEST_F(Context, SwapKeepsEveryCalleeSavedRegister) {
  make([](void*, void* argument) {
    auto& s = *static_cast<Scene*>(argument);
    for (uint64_t i = 0; i < 1000; ++i) {
      SwapProbe probe{s.switcher->swap, &s.fiber, &s.test, nullptr, 0x1111111111111111u * (i % 13), nullptr};
      s.changed |= probe_swap(&probe);
    }
    s.leave(nullptr);
  });
  for (uint64_t i = 0; i <= 1000; ++i) {
    SwapProbe probe{switcher->swap, &scene.test, &scene.fiber, &scene, 0x2222222222222222u * (i % 7), nullptr};
    ASSERT_EQ(probe_swap(&probe), 0u);
  }
  EXPECT_EQ(scene.changed, 0u);
}

TEST_F(Context, FloatingPointControlWordsBelongToTheContext) {
  set_odd_rounding();
  make([](void*, void* argument) {
    auto& s = *static_cast<Scene*>(argument);
    s.trace += has_odd_rounding() ? "inherits " : "defaults ";
    set_default_rounding();
    s.leave(nullptr);
    s.trace += has_odd_rounding() ? "lost " : "kept ";
    s.leave(nullptr);
  });
  set_default_rounding();
  enter();
  EXPECT_FALSE(has_odd_rounding());
  set_odd_rounding();
  enter();
  EXPECT_TRUE(has_odd_rounding());
  set_default_rounding();
  EXPECT_EQ(scene.trace, "inherits kept ");
}

TEST_F(Context, JumpForgetsTheCaller) {
  make([](void*, void* argument) {
    auto& s = *static_cast<Scene*>(argument);
    set_odd_rounding();
    s.switcher->jump(&s.test, &s.trace);
  });
  EXPECT_EQ(enter(), &scene.trace);
  EXPECT_FALSE(has_odd_rounding());
}

TEST_F(Context, SwapOnTopRunsAFunctionInTheOtherContext) {
  make([](void*, void* argument) {
    auto& s = *static_cast<Scene*>(argument);
    const void* result = s.leave(nullptr);
    s.trace += result == &s.fiber ? "result" : "other";
    s.leave(nullptr);
  });
  enter();
  const auto on_top = [](void* transfer) -> void* {
    char local = 0;
    auto& test = *static_cast<Context*>(transfer);
    test.scene.trace += test.stack.contains(reinterpret_cast<uintptr_t>(&local)) ? "there " : "elsewhere ";
    return &test.scene.fiber;
  };
  switcher->swap_on_top(&scene.test, &scene.fiber, on_top, this);
  EXPECT_EQ(scene.trace, "there result");
}

TEST_F(Context, AnExceptionFromOnTopComesOutOfTheOtherSwap) {
  make([](void*, void* argument) {
    auto& s = *static_cast<Scene*>(argument);
    try {
      s.leave(nullptr);
    } catch (const std::runtime_error& error) {
      s.trace += error.what();
    }
    s.leave(nullptr);
  });
  enter();
  switcher->swap_on_top(
      &scene.test, &scene.fiber, [](void*) -> void* { throw std::runtime_error("unwound"); }, nullptr);
  EXPECT_EQ(scene.trace, "unwound");
}

TEST_F(Context, ExceptionsAreThrownAndCaughtInsideAContext) {
  make([](void*, void* argument) {
    auto& s = *static_cast<Scene*>(argument);
    for (int i = 0; i < 100; ++i) {
      try {
        throw i;
      } catch (int caught) {
        s.changed += caught == i ? 0 : 1;
      }
    }
    s.trace = "done";
    s.leave(nullptr);
  });
  enter();
  EXPECT_EQ(scene.trace, "done");
  EXPECT_EQ(scene.changed, 0u);
}

TEST_F(Context, CallOnRunsOnTheGivenStackAndReturnsTheResult) {
  const auto function = [](void* argument) -> void* {
    alignas(16) volatile char local[16] = {};
    *static_cast<uintptr_t*>(argument) = reinterpret_cast<uintptr_t>(local);
    return argument;
  };
  for (size_t offset = 0; offset < 16; ++offset) {
    uintptr_t local = 0;
    EXPECT_EQ(switcher->call_on(static_cast<char*>(stack.hi()) - offset, function, &local), &local);
    EXPECT_TRUE(stack.contains(local));
    EXPECT_EQ(local % 16, 0u);
  }
}

TEST_F(Context, AnExceptionUnwindsThroughCallOn) {
  for (int i = 0; i < 100; ++i) {
    int caught = -1;
    try {
      // The call is the last instruction of the block, where an unwinder that took its caller for interrupted would
      // miss it.
      switcher->call_on(
          stack.hi(), [](void* argument) -> void* { throw *static_cast<int*>(argument); }, &i);
    } catch (int thrown) {
      caught = thrown;
    }
    ASSERT_EQ(caught, i);
  }
}

TEST_F(Context, CallOnNestsAcrossStacks) {
  struct Call {
    const HeddleContextSwitcher* switcher;
    Stack stacks[3];
    int depth;
  } call{switcher, {}, 0};
  const auto function = [](void* argument) -> void* {
    struct Recurse {
      static void* go(void* p) {
        auto& c = *static_cast<Call*>(p);
        if (c.depth == 3) throw std::runtime_error("bottom");
        return c.switcher->call_on(c.stacks[c.depth++].hi(), go, p);
      }
    };
    return Recurse::go(argument);
  };
  EXPECT_THROW(function(&call), std::runtime_error);
  EXPECT_EQ(call.depth, 3);
}

// --- park_and_call: the test stands for a fiber that makes a foreign call on another context's stack, then for the foreign code.

TEST_F(Context, ParkAndCallRunsBelowTheParkedContextAndReturnsTheResult) {
  make([](void*, void* argument) {
    auto& s = *static_cast<Scene*>(argument);
    volatile char local[256] = {};
    for (int i = 0; i < 256; ++i) local[i] = static_cast<char>(i);
    s.leave(nullptr);
    for (int i = 0; i < 256; ++i) s.changed += local[i] != static_cast<char>(i);
    s.trace = "went on";
    s.leave(nullptr);
  });
  enter();
  HeddleRegisters parked{};
  switcher->inspect(&scene.fiber, &parked);
  struct Call {
    uintptr_t local;
    uint64_t parked_pc;
    const HeddleContextSwitcher* switcher;
    const HeddleContext* caller;
  } call{0, 0, switcher, &scene.test};
  const auto function = [](void* argument) -> void* {
    auto& c = *static_cast<Call*>(argument);
    alignas(16) volatile char local[4096];
    for (volatile char& byte : local) byte = 'x';
    c.local = reinterpret_cast<uintptr_t>(local);
    HeddleRegisters caller{};
    c.switcher->inspect(c.caller, &caller);
    c.parked_pc = caller.pc;
    return argument;
  };
  for (int i = 0; i < 100; ++i) EXPECT_EQ(switcher->park_and_call(&scene.test, &scene.fiber, function, &call), &call);
  EXPECT_TRUE(stack.contains(call.local));
  EXPECT_LT(call.local, parked.sp);
  EXPECT_EQ(call.local % 16, 0u);
  EXPECT_NE(call.parked_pc, 0u);
  enter();
  EXPECT_EQ(scene.trace, "went on");
  EXPECT_EQ(scene.changed, 0u);
}

const HeddleContextSwitcher* probed_table;

void* no_swap(HeddleContext*, const HeddleContext*, void* transfer) {
  return transfer;
}

// Has every register changed on the other stack, as a function may that puts them back.
void* change_registers(void* argument) {
  SwapProbe probe{no_swap, nullptr, nullptr, nullptr, 0x3333333333333333u, nullptr};
  probe_swap(&probe);
  return argument;
}

void* call_as_swap(HeddleContext* save, const HeddleContext* on, void* transfer) {
  return probed_table->park_and_call(save, on, change_registers, transfer);
}

TEST_F(Context, ParkAndCallKeepsEveryCalleeSavedRegister) {
  make([](void*, void*) {});
  probed_table = switcher;
  for (uint64_t i = 0; i <= 1000; ++i) {
    SwapProbe probe{call_as_swap, &scene.test, &scene.fiber, &scene, 0x2222222222222222u * (i % 7), nullptr};
    ASSERT_EQ(probe_swap(&probe), 0u);
  }
}

TEST_F(Context, ASwitchToWhatParkAndCallParkedAbandonsTheFunction) {
  make([](void*, void*) {});
  struct Call {
    const HeddleContextSwitcher* switcher;
    HeddleContext* caller;
    uint64_t rounds;
  } call{switcher, &scene.test, 0};
  const auto leaves = [](void* argument) -> void* {
    auto& c = *static_cast<Call*>(argument);
    ++c.rounds;
    c.switcher->jump(c.caller, &c.rounds);
    return nullptr;
  };
  for (int i = 0; i < 1000; ++i)
    ASSERT_EQ(switcher->park_and_call(&scene.test, &scene.fiber, leaves, &call), &call.rounds);
  EXPECT_EQ(call.rounds, 1000u);
}

// Both ways out are taken: a function that returns leaves its control words, one that is abandoned leaves none.
TEST_F(Context, ParkAndCallKeepsTheControlWordsOfTheCallerThatIsSwitchedTo) {
  make([](void*, void*) {});
  set_odd_rounding();
  switcher->park_and_call(
      &scene.test, &scene.fiber,
      [](void* argument) -> void* {
        auto& s = *static_cast<Scene*>(argument);
        set_default_rounding();
        s.switcher->jump(&s.test, nullptr);
        return nullptr;
      },
      &scene);
  EXPECT_TRUE(has_odd_rounding());
  switcher->park_and_call(
      &scene.test, &scene.fiber, [](void* argument) { return set_default_rounding(), argument; }, &scene);
  EXPECT_FALSE(has_odd_rounding());
}

// A callback in a foreign call: back on the stack that the call was made from, below what is parked there; and that twice over.
TEST_F(Context, ParkAndCallNestsBetweenTwoStacks) {
  make([](void*, void*) {});
  struct Level {
    const HeddleContextSwitcher* switcher;
    HeddleContext fiber, system;
    int depth;
    bool abandon;
    static void* there(void* argument) {
      auto& level = *static_cast<Level*>(argument);
      const HeddleContext parked = level.fiber;
      const HeddleContext before = level.system;
      void* result = level.switcher->park_and_call(&level.system, &parked, back, argument);
      level.fiber = parked;
      level.system = before;
      return result;
    }
    static void* back(void* argument) {
      auto& level = *static_cast<Level*>(argument);
      if (level.depth-- != 0) return level.switcher->park_and_call(&level.fiber, &level.system, there, argument);
      if (level.abandon) level.switcher->jump(&level.fiber, nullptr);
      return argument;
    }
  };
  for (int i = 0; i < 100; ++i) {
    Level level{switcher, {}, scene.fiber, 8, false};
    ASSERT_EQ(switcher->park_and_call(&level.fiber, &level.system, Level::there, &level), &level);
    ASSERT_EQ(level.depth, -1);
  }
  Level level{switcher, {}, scene.fiber, 0, true};
  EXPECT_EQ(switcher->park_and_call(&level.fiber, &level.system, Level::there, &level), nullptr);
}

TEST_F(Context, ExceptionsAreThrownAndCaughtInsideParkAndCall) {
  make([](void*, void*) {});
  const auto function = [](void* argument) -> void* {
    try {
      throw *static_cast<int*>(argument);
    } catch (int& caught) {
      return caught == *static_cast<int*>(argument) ? argument : nullptr;
    }
  };
  for (int i = 0; i < 100; ++i) ASSERT_EQ(switcher->park_and_call(&scene.test, &scene.fiber, function, &i), &i);
}

TEST_F(Context, InspectTellsEntryThenTheCallerOfSwap) {
  const HeddleEntry entry = [](void*, void* argument) {
    auto& s = *static_cast<Scene*>(argument);
    s.leave(nullptr);
  };
  make(entry);
  HeddleRegisters at{};
  switcher->inspect(&scene.fiber, &at);
  EXPECT_EQ(at.pc, reinterpret_cast<uintptr_t>(entry));
  EXPECT_TRUE(stack.contains(at.sp));
  EXPECT_EQ(at.fp, 0u);
  enter();
  const uintptr_t fresh_sp = at.sp;
  switcher->inspect(&scene.fiber, &at);
  EXPECT_NE(at.pc, reinterpret_cast<uintptr_t>(entry));
  EXPECT_LT(at.sp, fresh_sp);
  EXPECT_TRUE(stack.contains(at.sp));
}

}  // namespace
}  // namespace conformance
