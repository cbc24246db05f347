// The address space of a 32-bit program runs out: that is named, and the rest goes on.
#include "runtime/child.hpp"
#include "runtime/scenario.hpp"
#include "runtime/stack_exhaustion.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>

namespace heddle::test {
namespace {

TEST(StackExhaustion, OfTheAddressSpace) {
  if (sizeof(void*) > 4) GTEST_SKIP() << "the address space of a 64-bit process does not run out";
  const Outcome outcome = in_child(
      [] {
        run(config(kPreemptive, 1), [] {
          exhaust({.stack_size = 1 << 20}, {"no address space", "MiB that a process may have", "stack.size", "64-bit"});
        });
      },
      std::chrono::seconds(120));
  EXPECT_EQ(outcome.exit_code, 0) << describe(outcome);
}

}  // namespace
}  // namespace heddle::test
