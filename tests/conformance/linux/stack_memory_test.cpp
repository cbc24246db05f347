// StackMemory where address space or mappings run out.
#include <sys/resource.h>

#include <string>

#include "conformance/fixture.hpp"
#include "mappings_linux.hpp"
#include "old_kernel_linux.hpp"

namespace conformance {
namespace {

using StackMemoryLimit = Conformance;

constexpr size_t kStack = 64 << 10;
constexpr size_t kBatch = 64;

TEST_F(StackMemoryLimit, OfTheAddressSpaceIsNamed) {
  if (emulated()) GTEST_SKIP() << "the emulator has no RLIMIT_AS";
  const ChildResult result = run_in_child([this] {
    const rlimit limit{1 << 30, 1 << 30};
    setrlimit(RLIMIT_AS, &limit);
    void* base = nullptr;
    if (stacks->reserve(size_t{1} << 30, stacks->page_bytes, 4, &base) != HEDDLE_E_NO_MEMORY) return 1;
    return logged("a process may have 1073741824 bytes of it (RLIMIT_AS): raise that with `ulimit -v unlimited`") ? 0 : 2;
  });
  EXPECT_EQ(result.exit_status, 0);
}

// Guards that are mappings: a batch that has half of its guards when the last mapping is gone is given back as a whole.
TEST_F(StackMemoryLimit, OfMappingsIsNamedAndNothingIsLeft) {
  if (emulated()) GTEST_SKIP() << "the emulator counts mappings of its own, and has no seccomp filters";
  const ChildResult result = run_in_child([this] {
    if (!heddle::test::forget_guard_advice()) return 1;
    const size_t page = stacks->page_bytes;
    void* first = nullptr;  // the port notices what kernel it is on
    if (stacks->reserve(kStack, page, kBatch, &first) != HEDDLE_OK) return 2;
    {
      const heddle::test::MappingHog hog(kBatch);  // of the two for each stack
      const size_t before = heddle::test::mapping_count();
      for (int i = 0; i < 3; ++i) {
        void* base = nullptr;
        if (stacks->reserve(kStack, page, kBatch, &base) != HEDDLE_E_NO_MEMORY || base != nullptr) return 3;
        if (heddle::test::mapping_count() != before) return 4;
      }
      const std::string most = std::to_string(heddle::test::most_mappings());
      if (!logged("a process may have vm.max_map_count = " + most + " of them: raise it with `sysctl -w vm.max_map_count="))
        return 5;
      void* few = nullptr;
      if (stacks->reserve(kStack, page, kBatch / 4, &few) != HEDDLE_OK) return 6;
      stacks->release(few, kStack, kBatch / 4);
      if (heddle::test::mapping_count() != before) return 7;
    }
    void* again = nullptr;
    if (stacks->reserve(kStack, page, kBatch, &again) != HEDDLE_OK) return 8;
    static_cast<volatile char*>(again)[kStack - 1] = 1;
    stacks->discard(static_cast<char*>(again) + page, kStack - page);
    return static_cast<volatile char*>(again)[kStack - 1] == 0 ? 0 : 9;
  });
  EXPECT_EQ(result.exit_status, 0);
}

// Memory that is to stay (mlockall) cannot be given back; nobody needs to hear of it.
TEST_F(StackMemoryLimit, LockedMemoryIsNotDiscarded) {
  void* base = nullptr;
  ASSERT_EQ(stacks->reserve(kStack, 0, 1, &base), HEDDLE_OK);
  if (mlock(base, kStack) != 0) GTEST_SKIP() << "this process may lock no memory";
  static_cast<char*>(base)[0] = 1;
  stacks->discard(base, kStack);
  EXPECT_FALSE(logged("madvise"));
  munlock(base, kStack);
  stacks->release(base, kStack, 1);
}

}  // namespace
}  // namespace conformance
