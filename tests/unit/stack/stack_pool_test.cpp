// StackPool: sizes, use again, exhaustion, and that every reservation goes back.
#include "stack/stack_pool.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <new>
#include <set>
#include <stdexcept>
#include <system_error>
#include <vector>

namespace heddle::stack {
namespace {

std::map<void*, std::size_t> reserved;  // what the fake port has handed out: bytes by address
constexpr std::align_val_t kAlignment{4096};
std::size_t guards = 0;
std::size_t most_bytes = 0;

const HeddleStackMemory kMemory{sizeof(HeddleStackMemory), 4096,
                                [](std::size_t bytes, std::size_t guard_bytes, std::size_t count, void** out) -> std::int32_t {
                                  if (bytes * count > most_bytes) return HEDDLE_E_NO_MEMORY;
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
                                [](void*, std::size_t) {}};

class Pool : public testing::Test {
 protected:
  Pool() {
    reserved.clear();
    guards = 0;
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
  EXPECT_THROW(pool.allocate(8 << 20), std::system_error);
  EXPECT_EQ(guards, 0u);
  pool.release(small);
  EXPECT_EQ(pool.allocate(0).lo, small.lo);
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
