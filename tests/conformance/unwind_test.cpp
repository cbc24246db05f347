// The unwinder walks through a call on another stack, a function on top of a parked context, and an injected call, to
// the end of the fiber or to main. linux/check_gdb.cmake runs the tests named Walk… under gdb
// and has it walk the same frames.
#include <unwind.h>

#include <algorithm>

#include "machine.hpp"
#include "worker.hpp"

// Where gdb stops. Its callers are what is walked.
extern "C" __attribute__((noinline)) void conformance_stop() {
  asm volatile("" ::: "memory");
}

namespace conformance {
namespace {

// The functions that a walk from here meets, innermost first, and whether it came to an end.
struct Walk {
  std::vector<uintptr_t> functions;
  bool ended = false;
};

// The ARM EHABI's unwinder says of the end of the stack what it says of a failure.
#ifdef __ARM_EABI_UNWINDER__
constexpr _Unwind_Reason_Code kEnd = _URC_FAILURE;
#else
constexpr _Unwind_Reason_Code kEnd = _URC_END_OF_STACK;
#endif
constexpr size_t kMostFrames = 200;

_Unwind_Reason_Code note_frame(_Unwind_Context* context, void* argument) {
  auto& walk = *static_cast<Walk*>(argument);
  walk.functions.push_back(_Unwind_GetRegionStart(context));
  return walk.functions.size() < kMostFrames ? _URC_NO_REASON : _URC_END_OF_STACK;
}

Walk walk_from_here() {
  Walk walk;
  walk.ended = _Unwind_Backtrace(note_frame, &walk) == kEnd && walk.functions.size() < kMostFrames;
  return walk;
}

// Is the function with that pointer on the walk, at or behind `from`? The index behind it, or -1.
// Bit 0 of a function pointer says which kind of code it points to on ARM; no other machine has functions one byte apart.
template <typename Function>
int find(const Walk& walk, Function* function, int from = 0) {
  const auto begin = walk.functions.begin() + std::max(from, 0);
  const auto wanted = reinterpret_cast<uintptr_t>(function) | 1;
  const auto found = std::find_if(begin, walk.functions.end(),
                                  [wanted](uintptr_t start) { return (start | 1) == wanted; });
  return found == walk.functions.end() ? -1 : static_cast<int>(found - walk.functions.begin()) + 1;
}

Walk last_walk;
const HeddleContextSwitcher* table;
HeddleContext test_context, fiber_context;
volatile uint32_t stop;

__attribute__((noinline)) void* on_other_stack(void*) {
  last_walk = walk_from_here();
  conformance_stop();
  return nullptr;
}

__attribute__((noinline)) void walk_call_on(void* top) {
  table->call_on(top, on_other_stack, nullptr);
  asm volatile("" ::: "memory");
}

__attribute__((noinline)) void walk_park_and_call() {
  table->park_and_call(&test_context, &fiber_context, on_other_stack, nullptr);
  asm volatile("" ::: "memory");
}

__attribute__((noinline)) void* on_top(void*) {
  last_walk = walk_from_here();
  conformance_stop();
  return nullptr;
}

__attribute__((noinline)) void parked_fiber() {
  table->swap(&fiber_context, &test_context, nullptr);
  asm volatile("" ::: "memory");
}

void parked_entry(void*, void*) {
  parked_fiber();
  table->jump(&test_context, nullptr);
}

__attribute__((noinline)) void preempted() {
  if (stop != 0) return;
  last_walk = walk_from_here();
  conformance_stop();
  stop = 1;
}

__attribute__((noinline)) void interrupted_fiber() {
  probe_spin(&stop);
  asm volatile("" ::: "memory");
}

__attribute__((noinline)) void interrupted_leaf() {
  probe_leaf(&stop);
  asm volatile("" ::: "memory");
}

class Unwind : public Conformance {
 protected:
  void SetUp() override {
    Conformance::SetUp();
    table = switcher;
    last_walk = Walk();
    stop = 0;
  }
  Stack stack;
};

TEST_F(Unwind, Walk1ThroughACallOnAnotherStack) {
  walk_call_on(stack.hi());
  EXPECT_TRUE(last_walk.ended);
  const int inner = find(last_walk, on_other_stack);
  const int call = find(last_walk, table->call_on, inner);
  EXPECT_GT(inner, 0);
  EXPECT_GT(call, 0);
  EXPECT_GT(find(last_walk, walk_call_on, call), 0);
}

TEST_F(Unwind, Walk2ThroughASwitchWithAFunctionOnTop) {
  switcher->make(&fiber_context, stack.lo(), stack.hi(), parked_entry, nullptr);
  switcher->swap(&test_context, &fiber_context, nullptr);
  switcher->swap_on_top(&test_context, &fiber_context, on_top, nullptr);
  EXPECT_TRUE(last_walk.ended);
  const int inner = find(last_walk, on_top);
  const int parked = find(last_walk, parked_fiber, inner);
  EXPECT_GT(inner, 0);
  EXPECT_GT(parked, 0);
  EXPECT_GT(find(last_walk, parked_entry, parked), 0);
}

TEST_F(Unwind, ThroughACallBelowAParkedContext) {
  switcher->make(&fiber_context, stack.lo(), stack.hi(), parked_entry, nullptr);
  walk_park_and_call();
  EXPECT_TRUE(last_walk.ended);
  const int inner = find(last_walk, on_other_stack);
  const int call = find(last_walk, table->park_and_call, inner);
  EXPECT_GT(inner, 0);
  EXPECT_GT(call, 0);
  EXPECT_GT(find(last_walk, walk_park_and_call, call), 0);
}

TEST_F(Unwind, Walk3ThroughAnInjectedCall) {
  core.deliver = Worker::deliver;
  core.preempted = preempted;
  Worker worker(switcher, tls, preempter);
  worker.run(interrupted_fiber);
  EXPECT_TRUE(last_walk.ended);
  const int inner = find(last_walk, preempted);
  const int spin = find(last_walk, probe_spin, inner);
  EXPECT_GT(inner, 0);
  EXPECT_GT(spin, 0);
  EXPECT_GT(find(last_walk, interrupted_fiber, spin), 0);
}

TEST_F(Unwind, Walk4ThroughAnInjectedCallInALeaf) {
  core.deliver = Worker::deliver;
  core.preempted = preempted;
  Worker worker(switcher, tls, preempter);
  worker.run(interrupted_leaf);
  EXPECT_TRUE(last_walk.ended);
  const int leaf = find(last_walk, probe_leaf, find(last_walk, preempted));
  EXPECT_GT(leaf, 0);
  EXPECT_EQ(find(last_walk, interrupted_leaf, leaf), leaf + 1);
}

}  // namespace
}  // namespace conformance
