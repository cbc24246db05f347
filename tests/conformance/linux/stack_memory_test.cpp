// StackMemory where address space runs out.
#include <sys/resource.h>

#include "conformance/fixture.hpp"

namespace conformance {
namespace {

using StackMemoryLimit = Conformance;

TEST_F(StackMemoryLimit, OfTheAddressSpaceIsNamed) {
  if (emulated()) GTEST_SKIP() << "the emulator has no RLIMIT_AS";
  const ChildResult result = run_in_child([this] {
    const rlimit limit{1 << 30, 1 << 30};
    setrlimit(RLIMIT_AS, &limit);
    void* base = nullptr;
    if (stacks->reserve(size_t{1} << 30, stacks->page_bytes, 4, &base) != HEDDLE_E_NO_MEMORY) return 1;
    return logged("(RLIMIT_AS) is 1073741824 bytes, raise it with `ulimit -v unlimited`") ? 0 : 2;
  });
  EXPECT_EQ(result.exit_status, 0);
}

}  // namespace
}  // namespace conformance
