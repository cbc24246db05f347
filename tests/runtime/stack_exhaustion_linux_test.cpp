// Address space and mappings run out: the limit is named, and the rest goes on.
#include "mappings_linux.hpp"
#include "old_kernel_linux.hpp"
#include "runtime/child.hpp"
#include "runtime/scenario.hpp"
#include "runtime/stack_exhaustion.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <cstdlib>
#include <fstream>
#include <string>

namespace heddle::test {
namespace {

/// Of the emulator of system calls that runs the test; see tests/machines/emulate.sh.
bool emulated() {
  return std::getenv("HEDDLE_TEST_EMULATOR") != nullptr;
}

std::size_t address_space_in_use() {
  std::size_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  return pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

void run_out_of_address_space(const FiberOptions& options) {
  const Outcome outcome = in_child(
      [options] {
        run(config(kPreemptive, 1), [options] {
          const rlim_t most = address_space_in_use() + (rlim_t{256} << 20);
          const rlimit limit{most, most};
          ASSERT_EQ(setrlimit(RLIMIT_AS, &limit), 0);
          exhaust(options, {"no address space", std::to_string(most) + " bytes", "RLIMIT_AS", "ulimit -v unlimited"});
        });
      },
      std::chrono::seconds(60));
  EXPECT_EQ(outcome.exit_code, 0) << describe(outcome);
  // Whoever catches the exception knows all. But a thread for another worker wants address space too, and may have been wanted meanwhile.
  const bool wanted_a_thread = outcome.err.starts_with("heddle: warning: no thread for another worker");
  EXPECT_EQ(outcome.err.substr(wanted_a_thread ? outcome.err.find('\n') + 1 : 0), "");
}

TEST(StackExhaustion, OfTheAddressSpace) {
  if (emulated()) GTEST_SKIP() << "the emulator has no RLIMIT_AS";
  run_out_of_address_space({});
}

TEST(StackExhaustion, OfTheAddressSpaceByLargeStacks) {
  if (emulated()) GTEST_SKIP() << "the emulator has no RLIMIT_AS";
  run_out_of_address_space({.stack_size = 512 << 10});
}

TEST(StackExhaustion, OfMappings) {
  if (emulated()) GTEST_SKIP() << "the emulator counts mappings of its own, and has no seccomp filters";
  const Outcome outcome = in_child(
      [] {
        ASSERT_TRUE(forget_guard_advice());
        run(config(kPreemptive, 1), [] {
          const MappingHog hog(4000);
          exhaust({}, {"vm.max_map_count = " + std::to_string(most_mappings()),
                       "sysctl -w vm.max_map_count=" + std::to_string(4 * most_mappings()), "stack.guard"});
        });
      },
      std::chrono::seconds(60));
  EXPECT_EQ(outcome.exit_code, 0) << describe(outcome);
  EXPECT_EQ(outcome.err, "");
}

}  // namespace
}  // namespace heddle::test
