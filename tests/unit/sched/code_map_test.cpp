// CodeMap: which addresses may be preempted under each policy.
#include "sched/code_map.hpp"

#include <gtest/gtest.h>

namespace heddle::sched {
namespace {

bool more_code = false;  // pretends that a library was loaded since

const HeddleCodeModules kModules{
    sizeof(HeddleCodeModules), 0, [](void (*visit)(const HeddleCodeModule*, void*), void* argument) {
      const HeddleCodeModule modules[] = {
          {sizeof(HeddleCodeModule), HEDDLE_CODE_SYSTEM, "/lib/libc.so.6", 0x9000, 0xa000},
          {sizeof(HeddleCodeModule), HEDDLE_CODE_PROGRAM, "/bin/program", 0x1000, 0x2000},
          {sizeof(HeddleCodeModule), HEDDLE_CODE_LIBRARY, "/lib/libz.so", 0x5000, 0x6000},
          {sizeof(HeddleCodeModule), HEDDLE_CODE_LIBRARY, "/lib/libheddle.so", 0x7000, 0x8000},
          {sizeof(HeddleCodeModule), HEDDLE_CODE_LIBRARY, "/lib/late.so", 0xb000, 0xc000},
      };
      for (const auto& module : modules) {
        if (module.lo != 0xb000 || more_code) visit(&module, argument);
      }
    }};

const void* const kOwnCode = reinterpret_cast<const void*>(0x7123);

class CodeMapPolicies : public testing::Test {
 protected:
  CodeMapPolicies() { more_code = false; }
};

TEST_F(CodeMapPolicies, SameThreadAllowsAllButTheSystemAndTheRuntime) {
  CodeMap map(&kModules, Resume::kSameThread, {kOwnCode});
  EXPECT_TRUE(map.allows(0x1000));
  EXPECT_TRUE(map.allows(0x1fff));
  EXPECT_TRUE(map.allows(0x5800));
  EXPECT_FALSE(map.allows(0x7fff));
  EXPECT_FALSE(map.allows(0x9000));
  EXPECT_FALSE(map.stale());
}

TEST_F(CodeMapPolicies, AnyThreadAllowsTheProgramOnly) {
  CodeMap map(&kModules, Resume::kAnyThread, {kOwnCode});
  EXPECT_TRUE(map.allows(0x1800));
  EXPECT_FALSE(map.allows(0x5800));
  EXPECT_FALSE(map.allows(0x9800));
}

TEST_F(CodeMapPolicies, UnknownCodeIsRefusedUntilTheMapWasRefreshed) {
  CodeMap map(&kModules, Resume::kSameThread, {kOwnCode});
  for (std::uintptr_t pc :
       {std::uintptr_t{0}, std::uintptr_t{0xfff}, std::uintptr_t{0x2000}, std::uintptr_t{0xb123}, ~std::uintptr_t{0}}) {
    EXPECT_FALSE(map.allows(pc)) << pc;
    EXPECT_TRUE(map.stale());
    map.refresh();
    EXPECT_FALSE(map.stale());
  }
  more_code = true;
  map.refresh();
  EXPECT_TRUE(map.allows(0xb123));
}

TEST_F(CodeMapPolicies, WithoutModulesNothingIsAllowed) {
  CodeMap map(nullptr, Resume::kSameThread, {kOwnCode});
  EXPECT_FALSE(map.allows(0x1800));
}

}  // namespace
}  // namespace heddle::sched
