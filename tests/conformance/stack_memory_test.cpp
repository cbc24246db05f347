// StackMemory: guards that fault, memory that goes back, errors that name the limit.
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>

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
};

ChildResult write_in_child(volatile char* target) {
  return run_in_child([target] {
    *target = 1;
    return 0;
  });
}

TEST_F(StackMemory, ThePageSizeIsTheSystems) {
  EXPECT_EQ(page(), static_cast<size_t>(sysconf(_SC_PAGESIZE)));
}

TEST_F(StackMemory, EveryStackCanBeWrittenAboveItsGuard) {
  const size_t bytes = 16 * page();
  char* base = reserve(bytes, page(), 64);
  for (size_t i = 0; i < 64; ++i) {
    base[i * bytes + page()] = 1;
    base[(i + 1) * bytes - 1] = 1;
  }
  stacks->release(base, bytes, 64);
}

TEST_F(StackMemory, EachGuardFaults) {
  const size_t bytes = 4 * page();
  char* base = reserve(bytes, page(), 3);
  for (size_t i = 0; i < 3; ++i) {
    for (const size_t offset : {size_t{0}, page() - 1}) {
      volatile char* target = base + i * bytes + offset;
      EXPECT_EQ(write_in_child(target).signal, SIGSEGV);
    }
  }
  stacks->release(base, bytes, 3);
}

TEST_F(StackMemory, GuardsSurviveDiscard) {
  const size_t bytes = 4 * page();
  char* base = reserve(bytes, page(), 1);
  base[2 * page()] = 1;
  stacks->discard(base + page(), bytes - page());
  EXPECT_LE(base[2 * page()], 1);
  volatile char* target = base;
  EXPECT_EQ(write_in_child(target).signal, SIGSEGV);
  stacks->release(base, bytes, 1);
}

TEST_F(StackMemory, WithoutAGuardTheLowestByteIsMemory) {
  char* base = reserve(page(), 0, 1);
  base[0] = 1;
  stacks->release(base, page(), 1);
}

TEST_F(StackMemory, DiscardGivesPagesBack) {
  const size_t bytes = 64 * page();
  char* base = reserve(bytes, 0, 1);
  for (size_t i = 0; i < bytes; i += page()) base[i] = 1;
  stacks->discard(base, bytes);
  unsigned char resident[64];
  ASSERT_EQ(mincore(base, bytes, resident), 0);
  size_t left = 0;
  for (const unsigned char flags : resident) left += flags & 1;
  EXPECT_LT(left, 64u);
  stacks->release(base, bytes, 1);
}

TEST_F(StackMemory, ReleaseUnmaps) {
  char* base = reserve(page(), 0, 1);
  stacks->release(base, page(), 1);
  volatile char* target = base;
  EXPECT_EQ(write_in_child(target).signal, SIGSEGV);
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

TEST_F(StackMemory, TheLimitOfTheAddressSpaceIsNamed) {
  if (emulated()) GTEST_SKIP() << "the emulator has no RLIMIT_AS";
  const ChildResult result = run_in_child([this] {
    const rlimit limit{1 << 30, 1 << 30};
    setrlimit(RLIMIT_AS, &limit);
    void* base = nullptr;
    if (stacks->reserve(size_t{1} << 30, page(), 4, &base) != HEDDLE_E_NO_MEMORY) return 1;
    return logged("(RLIMIT_AS) is 1073741824 bytes, raise it with `ulimit -v unlimited`") ? 0 : 2;
  });
  EXPECT_EQ(result.exit_status, 0);
}

}  // namespace
}  // namespace conformance
