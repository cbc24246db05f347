// StackMemory: guards that fault, memory that goes back. A stack is used as Heddle uses it: by a context that runs on it and touches it
// from the top downwards, which is how some systems commit it.
#include "fixture.hpp"

namespace conformance {
namespace {

class StackMemory : public Conformance {
 protected:
  size_t page() const { return stacks->page_bytes; }
  char* reserve(size_t bytes, size_t guard, size_t count) {
    void* base = nullptr;
    EXPECT_EQ(stacks->reserve(bytes, guard, count, &base), HEDDLE_OK);
    return static_cast<char*>(base);
  }

  // Runs a context on the stack [lo, hi) that writes one byte to each page, down to `to`.
  void touch(char* lo, char* hi, char* to) {
    Use use{switcher, page(), reinterpret_cast<uintptr_t>(to), {}, {}};
    switcher->make(&use.fiber, lo, hi, run_use, &use);
    switcher->swap(&use.test, &use.fiber, nullptr);
  }

 private:
  struct Use {
    const HeddleContextSwitcher* switcher;
    size_t page;
    uintptr_t to;
    HeddleContext test, fiber;
  };
  static void run_use(void*, void* argument) {
    auto& use = *static_cast<Use*>(argument);
    const auto here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
    for (uintptr_t at = here / use.page * use.page; at > use.to;) {
      at -= use.page;
      *reinterpret_cast<volatile char*>(at) = 1;
    }
    use.switcher->jump(&use.test, nullptr);
  }
};

ChildResult write_in_child(volatile char* target) {
  return run_in_child([target] {
    *target = 1;
    return 0;
  });
}

TEST_F(StackMemory, ThePageSizeIsTheSystems) {
  EXPECT_EQ(page(), page_bytes());
}

TEST_F(StackMemory, EveryStackCanBeWrittenAboveItsGuard) {
  const size_t bytes = 16 * page();
  char* base = reserve(bytes, page(), 64);
  for (size_t i = 0; i < 64; ++i) {
    char* lo = base + i * bytes;
    char* lowest = lo + (1 + kKeptPages) * page();
    touch(lo, lo + bytes, lowest);
    EXPECT_EQ(*lowest, 1);
    lo[bytes - 1] = 1;
  }
  stacks->release(base, bytes, 64);
}

TEST_F(StackMemory, WhatIsKeptIsSaid) {
  EXPECT_EQ(stacks->kept_bytes, kKeptPages * page());
}

TEST_F(StackMemory, EachGuardFaults) {
  const size_t bytes = 4 * page();
  char* base = reserve(bytes, page(), 3);
  for (size_t i = 0; i < 3; ++i) {
    for (const size_t offset : {size_t{0}, page() - 1}) {
      volatile char* target = base + i * bytes + offset;
      EXPECT_EQ(write_in_child(target).fatal, kMemoryFault);
    }
  }
  stacks->release(base, bytes, 3);
}

// Of later batches too: a port may install those in another way.
TEST_F(StackMemory, EachGuardOfManyBatchesFaults) {
  const size_t bytes = 4 * page();
  constexpr size_t kBatches = 40;
  constexpr size_t kCount = 64;
  std::vector<char*> batches;
  for (size_t i = 0; i < kBatches; ++i) batches.push_back(reserve(bytes, page(), kCount));
  for (char* base : batches) {
    for (size_t i = 0; i < kCount; ++i) base[i * bytes + bytes - 1] = 1;
  }
  for (const size_t batch : {kBatches - 2, kBatches - 1}) {
    for (const size_t index : {size_t{0}, kCount / 2, kCount - 1}) {
      char* lo = batches[batch] + index * bytes;
      EXPECT_EQ(write_in_child(lo).fatal, kMemoryFault);
      touch(lo, lo + bytes, lo + (1 + kKeptOfSmallStack) * page());
    }
  }
  for (char* base : batches) stacks->release(base, bytes, kCount);
}

TEST_F(StackMemory, GuardsSurviveUseAndDiscard) {
  const size_t bytes = 4 * page();
  char* base = reserve(bytes, page(), 1);
  char* lowest = base + (1 + kKeptOfSmallStack) * page();
  for (int round = 0; round < 2; ++round) {
    touch(base, base + bytes, lowest);
    EXPECT_EQ(base[2 * page()], 1);
    stacks->discard(base + page(), bytes - page());
  }
  touch(base, base + bytes, lowest);
  volatile char* target = base;
  EXPECT_EQ(write_in_child(target).fatal, kMemoryFault);
  stacks->release(base, bytes, 1);
}

TEST_F(StackMemory, WithoutAGuardTheLowestByteIsMemory) {
  for (const size_t pages : {1, 2, 16}) {
    char* base = reserve(pages * page(), 0, 1);
    char* lowest = base + (pages == 16 ? kKeptPages * page() : 0);  // a small stack does not grow, and nothing is kept of it
    touch(base, base + pages * page(), lowest);
    *lowest = 1;
    stacks->release(base, pages * page(), 1);
  }
}

TEST_F(StackMemory, DiscardGivesPagesBack) {
  const size_t bytes = 64 * page();
  char* base = reserve(bytes, 0, 1);
  char* lowest = base + kKeptPages * page();
  const size_t pages = 64 - kKeptPages;
  touch(base, base + bytes, lowest);
  EXPECT_EQ(pages_in_memory(lowest, pages), pages);
  stacks->discard(base, bytes);
  EXPECT_LT(pages_in_memory(lowest, pages), pages);
  touch(base, base + bytes, lowest);
  stacks->release(base, bytes, 1);
}

TEST_F(StackMemory, ReleaseUnmaps) {
  char* base = reserve(page(), 0, 1);
  stacks->release(base, page(), 1);
  volatile char* target = base;
  EXPECT_EQ(write_in_child(target).fatal, kMemoryFault);
}

TEST_F(StackMemory, WrongSizesAreRefused) {
  void* base = nullptr;
  EXPECT_EQ(stacks->reserve(page() + 1, 0, 1, &base), HEDDLE_E_INVALID);
  EXPECT_EQ(stacks->reserve(page(), page(), 1, &base), HEDDLE_E_INVALID);
  EXPECT_EQ(stacks->reserve(2 * page(), 1, 1, &base), HEDDLE_E_INVALID);
  EXPECT_EQ(stacks->reserve(0, 0, 1, &base), HEDDLE_E_INVALID);
  EXPECT_EQ(stacks->reserve(page(), 0, 0, &base), HEDDLE_E_INVALID);
  EXPECT_EQ(stacks->reserve(SIZE_MAX / page() * page(), 0, 2, &base), HEDDLE_E_NO_MEMORY);
}

}  // namespace
}  // namespace conformance
