// ContextSwitcher on Windows: the words of the thread block that say which stack a thread runs on, and what the system does by them:
// growing stacks, noticing their end, dispatching exceptions.
#include <windows.h>

#include <memory>
#include <stdexcept>
#include <thread>

#include "conformance/worker.hpp"
#include "reserved_stack.hpp"
#include "thread_block.hpp"

namespace conformance {
namespace {

constexpr size_t kStackBytes = 512 << 10;

class StackOfContext : public Conformance {
 protected:
  void SetUp() override {
    Conformance::SetUp();
    stack = std::make_unique<ReservedStack>(stacks, kStackBytes);
  }
  void TearDown() override {
    stack.reset();
    Conformance::TearDown();
  }
  Fiber fiber(std::function<void(Fiber&)> body) { return {switcher, stack->lo(), stack->hi(), std::move(body)}; }

  std::unique_ptr<ReservedStack> stack;
};

void expect_names(const StackWords& words, uintptr_t lo, uintptr_t hi, uintptr_t here) {
  EXPECT_GT(words.base, here);
  EXPECT_LE(words.base, hi);
  EXPECT_LE(words.limit, here);
  EXPECT_GE(words.limit, lo);
  EXPECT_EQ(words.allocation, lo);
}

TEST_F(StackOfContext, IsNamedByTheThreadBlockWhileItRuns) {
  const StackWords before = StackWords::now();
  StackWords inside{};
  uintptr_t frame = 0;
  Fiber it = fiber([&](Fiber& self) {
    frame = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
    inside = StackWords::now();
    self.pause();
  });
  it.enter();
  EXPECT_EQ(StackWords::now(), before);
  expect_names(inside, reinterpret_cast<uintptr_t>(stack->lo()), reinterpret_cast<uintptr_t>(stack->hi()), frame);
  EXPECT_NE(inside.fiber, 0u);
  EXPECT_NE(inside.fiber, before.fiber == 0 ? 1 : before.fiber);
  EXPECT_EQ(inside.guaranteed, 0u);
  // A list of handlers of its own: none of the thread's frames is on this stack.
  const bool ends = inside.exceptions == ~uintptr_t{0};
  EXPECT_TRUE(ends || stack->contains(inside.exceptions));
  it.enter();
  EXPECT_EQ(StackWords::now(), before);
}

TEST_F(StackOfContext, WhatItSetsItKeepsOnEveryThread) {
  StackWords set{};
  int wrong = 0;
  Fiber it = fiber([&](Fiber& self) {
    ThreadBlock::of_this_thread().set_fiber_data(0x1111'1110);
    ThreadBlock::of_this_thread().set_guaranteed_bytes(0x3000);
    set = StackWords::now();
    for (int i = 0; i < 100; ++i) {
      self.pause();
      if (StackWords::now() != set) ++wrong;
    }
  });
  const auto enter_ten_times = [&] {
    ThreadBlock::of_this_thread().set_fiber_data(0x2222'2220);
    const StackWords before = StackWords::now();
    for (int i = 0; i < 10; ++i) {
      it.enter();
      EXPECT_EQ(StackWords::now(), before);
    }
  };
  for (int i = 0; i < 10; ++i) std::thread(enter_ten_times).join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(set.fiber, 0x1111'1110u);
  EXPECT_EQ(set.guaranteed, 0x3000u);
}

TEST_F(StackOfContext, ComesBackAfterJumpAndAFunctionOnTop) {
  const StackWords before = StackWords::now();
  struct Scene {
    const HeddleContextSwitcher* switcher;
    HeddleContext test, fiber;
    StackWords inside, on_top;
  } scene{switcher, {}, {}, {}, {}};
  switcher->make(
      &scene.fiber, stack->lo(), stack->hi(),
      [](void*, void* argument) {
        auto& s = *static_cast<Scene*>(argument);
        s.inside = StackWords::now();
        s.switcher->swap(&s.fiber, &s.test, nullptr);
        s.switcher->jump(&s.test, nullptr);
      },
      &scene);
  switcher->swap(&scene.test, &scene.fiber, nullptr);
  EXPECT_EQ(StackWords::now(), before);
  switcher->swap_on_top(
      &scene.test, &scene.fiber,
      [](void* argument) -> void* {
        static_cast<Scene*>(argument)->on_top = StackWords::now();
        return argument;
      },
      &scene);
  EXPECT_EQ(StackWords::now(), before);
  EXPECT_EQ(scene.on_top, scene.inside);
}

TEST_F(StackOfContext, IsNamedWhileACallRunsOnIt) {
  struct Seen {
    StackWords words;
    uintptr_t frame;
  } seen{};
  const StackWords before = StackWords::now();
  const auto look = [](void* argument) -> void* {
    *static_cast<Seen*>(argument) = {StackWords::now(), reinterpret_cast<uintptr_t>(__builtin_frame_address(0))};
    return nullptr;
  };
  switcher->call_on(stack->hi(), look, &seen);
  EXPECT_EQ(StackWords::now(), before);
  expect_names(seen.words, reinterpret_cast<uintptr_t>(stack->lo()), reinterpret_cast<uintptr_t>(stack->hi()), seen.frame);
}

TEST_F(StackOfContext, TheWordsAreTheCallersAgainWhenAnExceptionLeavesACall) {
  const StackWords before = StackWords::now();
  for (int i = 0; i < 100; ++i) {
    EXPECT_THROW(switcher->call_on(
                     stack->hi(), [](void*) -> void* { throw std::runtime_error("out"); }, nullptr),
                 std::runtime_error);
    ASSERT_EQ(StackWords::now(), before);
  }
}

TEST_F(StackOfContext, TheLastErrorIsTheContexts) {
  int wrong = 0;
  Fiber it = fiber([&](Fiber& self) {
    for (DWORD i = 0; i < 100; ++i) {
      SetLastError(1000 + i);
      self.pause();
      if (GetLastError() != 1000 + i) ++wrong;
    }
  });
  for (DWORD i = 0; i < 100; ++i) {
    SetLastError(2000 + i);
    it.enter();
    EXPECT_EQ(GetLastError(), 2000 + i);
  }
  EXPECT_EQ(wrong, 0);
}

DWORD state_of(const void* address) {
  MEMORY_BASIC_INFORMATION info{};
  VirtualQuery(address, &info, sizeof info);
  return info.State;
}

// A frame of 100 KiB: the compiler probes its pages one by one before it uses the lowest.
__attribute__((noinline)) uintptr_t use_large_frame() {
  volatile char frame[100 << 10];
  frame[0] = 7;
  frame[sizeof frame - 1] = 1;
  return reinterpret_cast<uintptr_t>(frame) + frame[0] - 7;
}

TEST_F(StackOfContext, GrowsUnderALargeFrameAndStaysGrown) {
  uintptr_t limit_before = 0, lowest = 0, limit_after = 0, limit_later = 0;
  Fiber it = fiber([&](Fiber& self) {
    limit_before = StackWords::now().limit;
    self.pause();
    lowest = use_large_frame();
    limit_after = StackWords::now().limit;
    self.pause();
    limit_later = StackWords::now().limit;
  });
  it.enter();
  void* const far_below = static_cast<char*>(stack->hi()) - (90 << 10);
  EXPECT_NE(state_of(far_below), static_cast<DWORD>(MEM_COMMIT));  // committed as it is needed
  it.enter();
  EXPECT_EQ(state_of(far_below), static_cast<DWORD>(MEM_COMMIT));
  EXPECT_LT(limit_after, limit_before);
  EXPECT_LE(limit_after, lowest);
  it.enter();
  EXPECT_EQ(limit_later, limit_after);
}

TEST_F(StackOfContext, GrowsUnderACallThatRunsOnItAndKnowsItTheNextTime) {
  struct Call {
    static void* run(void* argument) {
      auto& limits = *static_cast<uintptr_t(*)[2]>(argument);
      limits[0] = StackWords::now().limit;
      use_large_frame();
      limits[1] = StackWords::now().limit;
      return nullptr;
    }
  };
  uintptr_t first[2], second[2];
  switcher->call_on(stack->hi(), Call::run, first);
  switcher->call_on(stack->hi(), Call::run, second);
  EXPECT_LT(first[1], first[0]);
  EXPECT_EQ(second[0], first[1]);
  EXPECT_EQ(second[1], first[1]);
}

// --- park_and_call: the function runs on `stack`, below a context that is fresh.

class CallBelowAContext : public StackOfContext {
 public:
  void SetUp() override {
    StackOfContext::SetUp();
    switcher->make(
        &below, stack->lo(), stack->hi(), [](void*, void*) {}, nullptr);
  }
  // Calls body(*this) there.
  template <typename Body>
  void* call(Body) {
    return switcher->park_and_call(
        &here, &below,
        [](void* argument) -> void* {
          Body body;
          body(*static_cast<CallBelowAContext*>(argument));
          return argument;
        },
        this);
  }

  template <typename Body>
  static void* run(void* body) {
    (*static_cast<Body*>(body))();
    return body;
  }

  HeddleContext here{}, below{};
  StackWords inside{};
  uintptr_t frame = 0, limit = 0;
};

TEST_F(CallBelowAContext, TheThreadBlockNamesTheStackThatRuns) {
  const StackWords before = StackWords::now();
  for (int i = 0; i < 3; ++i) {
    call([](CallBelowAContext& self) {
      self.frame = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
      self.inside = StackWords::now();
    });
    EXPECT_EQ(StackWords::now(), before);
    expect_names(inside, reinterpret_cast<uintptr_t>(stack->lo()), reinterpret_cast<uintptr_t>(stack->hi()), frame);
    const bool ends = inside.exceptions == ~uintptr_t{0};
    EXPECT_TRUE(ends || stack->contains(inside.exceptions));
  }
}

TEST_F(CallBelowAContext, TheLastErrorIsTheThreads) {
  for (DWORD i = 0; i < 100; ++i) {
    SetLastError(i);
    call([](CallBelowAContext&) { SetLastError(GetLastError() + 1000); });
    ASSERT_EQ(GetLastError(), 1000 + i);
  }
}

TEST_F(CallBelowAContext, WhatItSetsIsThereTheNextTime) {
  call([](CallBelowAContext& self) {
    ThreadBlock::of_this_thread().set_fiber_data(0x1111'1110);
    ThreadBlock::of_this_thread().set_guaranteed_bytes(0x3000);
    use_large_frame();
    self.limit = StackWords::now().limit;
  });
  call([](CallBelowAContext& self) { self.inside = StackWords::now(); });
  EXPECT_EQ(inside.fiber, 0x1111'1110u);
  EXPECT_EQ(inside.guaranteed, 0x3000u);
  EXPECT_EQ(inside.limit, limit);
}

// A callback that is left, in a foreign call: both stacks have grown meanwhile, and the frames that know it are gone.
TEST_F(CallBelowAContext, StacksStayGrownWhenTheCallIsAbandoned) {
  ReservedStack other(stacks, kStackBytes);
  HeddleContext inner{};
  uintptr_t grown = 0, grown_other = 0, limit_other = 0;
  const auto function = [&] {
    use_large_frame();
    grown = StackWords::now().limit;
    const auto back = [&] {
      use_large_frame();
      grown_other = StackWords::now().limit;
      switcher->inherit(&below, &inner);
      switcher->jump(&here, nullptr);
    };
    switcher->park_and_call(&inner, &here, run<decltype(back)>, const_cast<void*>(static_cast<const void*>(&back)));
  };
  Fiber it(switcher, other.lo(), other.hi(), [&](Fiber& self) {
    switcher->park_and_call(&here, &below, run<decltype(function)>, const_cast<void*>(static_cast<const void*>(&function)));
    limit_other = StackWords::now().limit;
    self.pause();
  });
  it.enter();
  call([](CallBelowAContext& self) { self.limit = StackWords::now().limit; });
  EXPECT_NE(grown, 0u);
  EXPECT_EQ(limit, grown);
  EXPECT_NE(grown_other, 0u);
  EXPECT_EQ(limit_other, grown_other);
}

// What the vectored handler of the child knows.
uintptr_t stack_lo, stack_hi;
constexpr int kOverflowSeen = 41, kViolationSeen = 42, kOther = 43;

LONG CALLBACK end_at_overflow(EXCEPTION_POINTERS* pointers) {
  const EXCEPTION_RECORD& record = *pointers->ExceptionRecord;
  if (record.ExceptionCode == EXCEPTION_STACK_OVERFLOW) _exit(kOverflowSeen);
  const bool there = record.ExceptionInformation[1] >= stack_lo && record.ExceptionInformation[1] < stack_hi;
  _exit(record.ExceptionCode == EXCEPTION_ACCESS_VIOLATION && there ? kViolationSeen : kOther);
}

volatile int last_depth = -1;

__attribute__((noinline)) int recurse_without_end(int depth) {
  volatile char frame[1000];
  frame[0] = static_cast<char>(depth);
  if (depth == last_depth) return 0;
  return recurse_without_end(depth + 1) + frame[0];
}

TEST_F(StackOfContext, ItsOverflowIsReportedToAVectoredHandler) {
  stack_lo = reinterpret_cast<uintptr_t>(stack->lo());
  stack_hi = reinterpret_cast<uintptr_t>(stack->hi());
  const ChildResult result = run_in_child([this] {
    AddVectoredExceptionHandler(1, end_at_overflow);
    Fiber it = fiber([](Fiber&) { recurse_without_end(0); });
    it.enter();
    return 0;
  });
  EXPECT_TRUE(result.exit_status == kOverflowSeen || result.exit_status == kViolationSeen)
      << result.exit_status << " " << std::hex << result.fatal;
}

struct CountsItsEnd {
  int& count;
  ~CountsItsEnd() { ++count; }
};

__attribute__((noinline)) void throw_from_depth(int depth, int& ends) {
  const CountsItsEnd counted{ends};
  if (depth == 0) throw depth;
  throw_from_depth(depth - 1, ends);
}

TEST_F(StackOfContext, CxxExceptionsUnwindOnIt) {
  int caught = 0, ends = 0;
  Fiber it = fiber([&](Fiber& self) {
    for (int i = 0; i < 100; ++i) {
      try {
        throw_from_depth(20, ends);
      } catch (int) {
        ++caught;
      }
      self.pause();
    }
  });
  for (int i = 0; i < 100; ++i) it.enter();
  EXPECT_EQ(caught, 100);
  EXPECT_EQ(ends, 2100);
}

}  // namespace
}  // namespace conformance
