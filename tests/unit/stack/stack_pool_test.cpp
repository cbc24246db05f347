// StackPool: sizes, use again, exhaustion, that the pages of idle stacks go back, and in the end every reservation.
#include "stack/stack_pool.hpp"

#include "base/log.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <map>
#include <new>
#include <set>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <vector>

namespace heddle::stack {
namespace {

std::map<void*, std::size_t> reserved;  // what the fake port has handed out: bytes by address
constexpr std::align_val_t kAlignment{4096};
std::size_t guards = 0;
std::size_t most_bytes = 0;
std::vector<std::pair<void*, std::size_t>> discarded;

const HeddleStackMemory kMemory{sizeof(HeddleStackMemory),
                                4096,
                                [](std::size_t bytes, std::size_t guard_bytes, std::size_t count, void** out) -> std::int32_t {
                                  if (bytes * count > most_bytes) {
                                    base::log(base::LogLevel::kError, "the fake system has a limit");
                                    return HEDDLE_E_NO_MEMORY;
                                  }
                                  guards += guard_bytes != 0 ? count : 0;
                                  *out = ::operator new(bytes* count, kAlignment);
                                  reserved[*out] = bytes * count;
                                  return HEDDLE_OK;
                                },
                                [](void* base, std::size_t bytes, std::size_t count) {
                                  ASSERT_EQ(reserved.at(base), bytes * count);
                                  reserved.erase(base);
                                  ::operator delete(base, kAlignment);
                                },
                                [](void* base, std::size_t bytes) { discarded.emplace_back(base, bytes); },
                                0};

constexpr std::chrono::seconds kLater{1};

class Pool : public testing::Test {
 protected:
  Pool() {
    reserved.clear();
    guards = 0;
    discarded.clear();
    most_bytes = 64 << 20;
  }
};

TEST_F(Pool, RoundsSizesUpToPowersOfTwo) {
  StackPool pool(&kMemory, 64 << 10, 1 << 20, true);
  EXPECT_EQ(pool.round(0), 64u << 10);
  EXPECT_EQ(pool.round(1), 16u << 10);
  EXPECT_EQ(pool.round((64 << 10) + 1), 128u << 10);
  EXPECT_EQ(pool.round(1 << 20), 1u << 20);
  try {
    pool.round((1 << 20) + 1);
    FAIL() << "a stack above the maximum was accepted";
  } catch (const std::invalid_argument& error) {
    EXPECT_STREQ(error.what(),
                 "heddle::Fiber: stack_size is 1048577 bytes, and stack.max_size allows 1048576; ask for less or raise "
                 "stack.max_size in "
                 "runtime.json");
  }
}

TEST_F(Pool, StacksAreDisjointUsableAndUsedAgain) {
  StackPool pool(&kMemory, 32 << 10, 1 << 20, true);
  std::vector<Stack> stacks;
  std::set<std::byte*> places;
  for (int index = 0; index < 300; ++index) {
    stacks.push_back(pool.allocate(index % 3 == 0 ? 128 << 10 : 0));
    const Stack& stack = stacks.back();
    EXPECT_EQ(stack.lo - stack.base, 4096);
    EXPECT_EQ(static_cast<std::size_t>(stack.hi - stack.base), index % 3 == 0 ? 128u << 10 : 32u << 10);
    for (std::byte* at = stack.lo; at < stack.hi; at += 512) ASSERT_TRUE(places.insert(at).second);
    *stack.lo = stack.hi[-1] = std::byte{42};
  }
  const std::size_t reservations = reserved.size();
  for (const Stack& stack : stacks) pool.release(stack);
  for (int index = 0; index < 300; ++index) {
    const Stack stack = pool.allocate(index % 3 == 0 ? 128 << 10 : 0);
    EXPECT_TRUE(places.contains(stack.lo));
  }
  EXPECT_EQ(reserved.size(), reservations);
}

TEST_F(Pool, GivesEveryReservationBackAtItsEnd) {
  {
    StackPool pool(&kMemory, 64 << 10, 8 << 20, true);
    for (int index = 0; index < 200; ++index) pool.allocate(index % 7 == 0 ? 4 << 20 : 0);
    EXPECT_GT(reserved.size(), 3u);
    EXPECT_GT(guards, 0u);
  }
  EXPECT_TRUE(reserved.empty());
}

TEST_F(Pool, ExhaustionIsAnErrorAndTheRestGoesOn) {
  most_bytes = 4 << 20;
  StackPool pool(&kMemory, 64 << 10, 64 << 20, false);
  const Stack small = pool.allocate(0);
  try {
    pool.allocate(8 << 20);
    FAIL() << "there is no room for this stack";
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code(), std::errc::not_enough_memory);
    EXPECT_STREQ(error.what(),
                 ("heddle: no memory for more fiber stacks of 8388608 bytes: the fake system has a limit: " +
                  std::make_error_code(std::errc::not_enough_memory).message())
                     .c_str());
  }
  EXPECT_EQ(guards, 0u);
  pool.release(small);
  EXPECT_EQ(pool.allocate(0).lo, small.lo);
}

TEST_F(Pool, WhatIsIdleForAnAgeLosesItsPages) {
  StackPool pool(&kMemory, 64 << 10, 1 << 20, true, kLater);
  const Stack idle = pool.allocate(0);
  const Stack used = pool.allocate(0);
  const Stack large = pool.allocate(512 << 10);
  EXPECT_FALSE(pool.has_idle());
  pool.release(idle);
  pool.release(large);
  EXPECT_TRUE(pool.has_idle());
  pool.give_back(100);
  EXPECT_TRUE(discarded.empty());
  EXPECT_FALSE(pool.has_old());
  pool.age();
  EXPECT_TRUE(pool.has_old());
  pool.give_back(1);
  EXPECT_EQ(discarded.size(), 1u);
  EXPECT_TRUE(pool.has_old());
  pool.give_back(100);
  EXPECT_FALSE(pool.has_old());
  EXPECT_FALSE(pool.has_idle());
  EXPECT_EQ(discarded,
            (std::vector<std::pair<void*, std::size_t>>{{idle.lo, (64 << 10) - 4096}, {large.lo, (512 << 10) - 4096}}));
  EXPECT_EQ(pool.allocate(0).base, idle.base);
  EXPECT_EQ(pool.allocate(512 << 10).base, large.base);
  EXPECT_NE(pool.allocate(0).base, used.base);
}

TEST_F(Pool, WhatIsTakenAndGivenBackStaysYoung) {
  StackPool pool(&kMemory, 64 << 10, 1 << 20, true, kLater);
  const Stack busy = pool.allocate(0);
  const Stack idle = pool.allocate(0);
  pool.release(idle);
  pool.release(busy);
  for (int age = 0; age < 3; ++age) {
    pool.age();
    const Stack again = pool.allocate(0);
    EXPECT_EQ(again.base, busy.base);
    pool.release(again);
    pool.give_back(100);
  }
  EXPECT_EQ(discarded, (std::vector<std::pair<void*, std::size_t>>{{idle.lo, (64 << 10) - 4096}}));
  EXPECT_EQ(pool.allocate(0).base, busy.base);
  EXPECT_EQ(pool.allocate(0).base, idle.base);
}

TEST_F(Pool, OldOnesAreTakenBeforeTheyAreGivenBack) {
  StackPool pool(&kMemory, 64 << 10, 1 << 20, true, kLater);
  const Stack stack = pool.allocate(0);
  pool.release(stack, true);
  EXPECT_TRUE(pool.has_old());
  EXPECT_EQ(pool.allocate(0).base, stack.base);
  EXPECT_FALSE(pool.has_old());
  pool.give_back(100);
  EXPECT_TRUE(discarded.empty());
}

TEST_F(Pool, ThousandsGoBackAFewAtATime) {
  StackPool pool(&kMemory, 16 << 10, 1 << 20, true, kLater);
  std::vector<Stack> stacks;
  std::set<std::byte*> places;
  for (int i = 0; i < 3000; ++i) {
    stacks.push_back(pool.allocate(0));
    places.insert(stacks.back().base);
  }
  for (const Stack& stack : stacks) pool.release(stack);
  pool.age();
  for (std::size_t gone = 0; gone < 3000; gone += 50) {
    EXPECT_EQ(discarded.size(), gone);
    pool.give_back(50);
  }
  EXPECT_FALSE(pool.has_old());
  const std::size_t reservations = reserved.size();
  for (int i = 0; i < 3000; ++i) EXPECT_EQ(places.erase(pool.allocate(0).base), 1u);
  EXPECT_EQ(reserved.size(), reservations);
}

TEST_F(Pool, AtOnceMeansAtOnce) {
  StackPool pool(&kMemory, 64 << 10, 1 << 20, false, std::chrono::nanoseconds(0));
  const Stack stack = pool.allocate(0);
  pool.release(stack);
  EXPECT_EQ(discarded, (std::vector<std::pair<void*, std::size_t>>{{stack.lo, 64 << 10}}));
  EXPECT_FALSE(pool.has_idle());
  EXPECT_EQ(pool.allocate(0).base, stack.base);
}

TEST_F(Pool, TheHeapKeepsItsPages) {
  for (const std::chrono::nanoseconds after : {std::chrono::nanoseconds(0), std::chrono::nanoseconds(kLater)}) {
    StackPool pool(nullptr, 64 << 10, 1 << 20, false, after);
    EXPECT_EQ(pool.release_after(), StackPool::kNever);
    const Stack stack = pool.allocate(0);
    pool.release(stack);
    EXPECT_EQ(pool.allocate(0).base, stack.base);
  }
}

TEST_F(Pool, WithoutAPortTheStacksComeFromTheHeap) {
  StackPool pool(nullptr, 64 << 10, 1 << 20, true);
  const Stack stack = pool.allocate(0);
  EXPECT_EQ(stack.lo, stack.base);
  *stack.lo = stack.hi[-1] = std::byte{1};
  pool.release(stack);
}

TEST_F(Pool, ShowsWhatWasHandedOutAndNothingElse) {
  for (const HeddleStackMemory* memory : {&kMemory, static_cast<const HeddleStackMemory*>(nullptr)}) {
    StackPool pool(memory, 64 << 10, 1 << 20, false);
    std::set<std::byte*> given;
    std::vector<Stack> stacks;
    for (int i = 0; i < 100; ++i) {
      stacks.push_back(pool.allocate(i % 3 == 0 ? 256 << 10 : 0));
      given.insert(stacks.back().hi);
      *(stacks.back().hi - 1) = std::byte{1};
    }
    pool.release(stacks.back());  // still shown: what was on it may still be looked at
    std::set<std::byte*> shown;
    pool.for_each_given([&](const Stack& stack) { EXPECT_TRUE(shown.insert(stack.hi).second); });
    EXPECT_EQ(shown, given);
  }
}

TEST_F(Pool, OnTheHeapReadsAsZeroWhereNothingWasWritten) {
  StackPool pool(nullptr, 64 << 10, 1 << 20, false);
  for (int i = 0; i < 100; ++i) {
    const Stack stack = pool.allocate(0);
    for (std::byte* byte = stack.hi - 2048; byte != stack.hi; ++byte) ASSERT_EQ(*byte, std::byte{0});
    *(stack.hi - 1) = std::byte{1};
  }
}

}  // namespace
}  // namespace heddle::stack
