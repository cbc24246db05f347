// CodeMap: which addresses may be preempted under each policy, with what the configuration and the program add and take
// away, while code comes and goes.
#include "sched/code_map.hpp"

#include <gtest/gtest.h>
#include <atomic>
#include <cstddef>
#include <cstring>
#include <new>
#include <stdexcept>
#include <thread>
#include <utility>

namespace heddle::sched {
namespace {

// The loader that the tests pretend to have.
std::vector<HeddleCodeModule> loaded;
std::uint64_t loads;
int looks;

void enumerate(void (*visit)(const HeddleCodeModule*, void*), void* argument) {
  ++looks;
  for (const HeddleCodeModule& module : loaded) visit(&module, argument);
}

std::uint64_t generation() {
  return loads;
}

// Names of this loader stand for themselves in any case.
std::int32_t matches(const char* path, const char* name) {
  return std::strcmp(std::strrchr(path, '/') + 1, name) == 0 ? 1 : 0;
}

const HeddleCodeModules kModules{sizeof(HeddleCodeModules), 0, enumerate, generation, matches};
const HeddleCodeModules kShortModules{offsetof(HeddleCodeModules, generation), 0, enumerate, nullptr, nullptr};

const void* const kOwnCode = reinterpret_cast<const void*>(0x7123);

const void* at(std::uintptr_t address) {
  return reinterpret_cast<const void*>(address);
}

void load(std::uint32_t kind, const char* path, std::uintptr_t lo) {
  loaded.push_back({sizeof(HeddleCodeModule), kind, path, lo, lo + 0x1000});
  ++loads;
}

void unload(std::uintptr_t lo) {
  std::erase_if(loaded, [lo](const HeddleCodeModule& module) { return module.lo == lo; });
  ++loads;
}

Config::Preempter policy(Resume resume, std::vector<std::string> allow = {}, std::vector<std::string> deny = {}) {
  Config::Preempter policy;
  policy.resume = resume;
  policy.allow = std::move(allow);
  policy.deny = std::move(deny);
  return policy;
}

class CodeMapPolicies : public testing::TestWithParam<Resume> {
 protected:
  CodeMapPolicies() {
    loaded.clear();
    loads = 1;
    load(HEDDLE_CODE_SYSTEM, "/lib/libc.so.6", 0x9000);
    load(HEDDLE_CODE_PROGRAM, "/bin/program", 0x1000);
    load(HEDDLE_CODE_LIBRARY, "/lib/libz.so", 0x5000);
    load(HEDDLE_CODE_LIBRARY, "/lib/libheddle.so", 0x7000);
    looks = 0;
  }
};

TEST_F(CodeMapPolicies, SameThreadAllowsAllButTheSystemAndTheRuntime) {
  CodeMap map(&kModules, policy(Resume::kSameThread), {kOwnCode});
  EXPECT_TRUE(map.allows(0x1000));
  EXPECT_TRUE(map.allows(0x1fff));
  EXPECT_TRUE(map.allows(0x5800));
  EXPECT_FALSE(map.allows(0x7fff));
  EXPECT_FALSE(map.allows(0x9000));
}

TEST_F(CodeMapPolicies, AnyThreadAllowsTheProgramOnly) {
  CodeMap map(&kModules, policy(Resume::kAnyThread), {kOwnCode});
  EXPECT_TRUE(map.allows(0x1800));
  EXPECT_FALSE(map.allows(0x5800));
  EXPECT_FALSE(map.allows(0x9800));
}

TEST_F(CodeMapPolicies, UnknownCodeIsRefused) {
  CodeMap map(&kModules, policy(Resume::kSameThread), {kOwnCode});
  for (std::uintptr_t pc :
       {std::uintptr_t{0}, std::uintptr_t{0xfff}, std::uintptr_t{0x2000}, std::uintptr_t{0xb123}, ~std::uintptr_t{0}})
    EXPECT_FALSE(map.allows(pc)) << pc;
}

TEST_F(CodeMapPolicies, WithoutModulesOnlyWhatARuleAllowsMayBePreempted) {
  CodeMap map(nullptr, policy(Resume::kSameThread), {kOwnCode});
  EXPECT_FALSE(map.allows(0x1800));
  map.keep_current();
  const PreemptionRule rule = allow_preemption(CodeRegion::range(at(0x1000), at(0x1900)));
  EXPECT_TRUE(map.allows(0x1800));
}

TEST_F(CodeMapPolicies, ALibraryIsKnownBeforeItWasMet) {
  CodeMap map(&kModules, policy(Resume::kSameThread), {kOwnCode});
  load(HEDDLE_CODE_LIBRARY, "/lib/late.so", 0xb000);
  map.keep_current();
  EXPECT_TRUE(map.allows(0xb123));
}

TEST_F(CodeMapPolicies, WhatTakesAnothersPlaceIsJudgedAnew) {
  CodeMap map(&kModules, policy(Resume::kSameThread, {}, {"denied.so"}), {kOwnCode});
  for (const auto& [path, allowed] : {std::pair{"/lib/a.so", true}, {"/lib/denied.so", false}, {"/lib/b.so", true}}) {
    load(HEDDLE_CODE_LIBRARY, path, 0xb000);
    map.keep_current();
    EXPECT_EQ(map.allows(0xb123), allowed) << path;
    unload(0xb000);
  }
  map.keep_current();
  EXPECT_FALSE(map.allows(0xb123));
}

TEST_F(CodeMapPolicies, TheLoaderIsAskedOnceAChange) {
  CodeMap map(&kModules, policy(Resume::kSameThread), {kOwnCode});
  EXPECT_EQ(looks, 1);
  EXPECT_FALSE(map.allows(0xb123));
  map.keep_current();
  EXPECT_EQ(looks, 1) << "code in no module is no reason to look where the port tells of changes";
  ++loads;
  map.keep_current();
  map.keep_current();
  EXPECT_EQ(looks, 2);
}

TEST_F(CodeMapPolicies, APortThatCannotTellIsAskedWhenUnknownCodeWasMet) {
  CodeMap map(&kShortModules, policy(Resume::kSameThread, {}, {"denied.so"}), {kOwnCode});
  load(HEDDLE_CODE_LIBRARY, "/lib/late.so", 0xb000);
  load(HEDDLE_CODE_LIBRARY, "/lib/denied.so", 0xc000);
  map.keep_current();
  EXPECT_EQ(looks, 1);
  EXPECT_FALSE(map.allows(0xb123));
  map.keep_current();
  EXPECT_EQ(looks, 2);
  EXPECT_TRUE(map.allows(0xb123));
  EXPECT_FALSE(map.allows(0xc123));
}

TEST_P(CodeMapPolicies, TheConfigurationAllowsAndDeniesModulesByName) {
  CodeMap map(&kModules, policy(GetParam(), {"libz.so", "libc.so.6", "libheddle.so", "both.so"}, {"program", "both.so"}),
              {kOwnCode});
  load(HEDDLE_CODE_LIBRARY, "/lib/both.so", 0xb000);
  map.keep_current();
  EXPECT_FALSE(map.allows(0x1800)) << "denied";
  EXPECT_TRUE(map.allows(0x5800)) << "allowed";
  EXPECT_FALSE(map.allows(0x7800)) << "the runtime";
  EXPECT_FALSE(map.allows(0x9800)) << "the system";
  EXPECT_FALSE(map.allows(0xb123)) << "deny is stronger than allow";
}

TEST_P(CodeMapPolicies, TheProgramAllowsRangesWhileTheRuleLives) {
  CodeMap map(&kModules, policy(GetParam()), {kOwnCode});
  {
    const PreemptionRule rule = allow_preemption(CodeRegion::range(at(0xd000), at(0xd100)));
    EXPECT_TRUE(map.allows(0xd000));
    EXPECT_TRUE(map.allows(0xd0ff));
    EXPECT_FALSE(map.allows(0xd100));
    const PreemptionRule stronger = deny_preemption(CodeRegion::range(at(0xd010), at(0xd020)));
    EXPECT_FALSE(map.allows(0xd010));
    EXPECT_TRUE(map.allows(0xd020));
  }
  EXPECT_FALSE(map.allows(0xd000));
}

TEST_P(CodeMapPolicies, ARuleThatWasMadeBeforeHoldsToo) {
  const PreemptionRule range = allow_preemption(CodeRegion::range(at(0xd000), at(0xd100)));
  const PreemptionRule program = deny_preemption(CodeRegion::module("program"));
  const PreemptionRule library = allow_preemption(CodeRegion::module_of(at(0x5123)));
  CodeMap map(&kModules, policy(GetParam()), {kOwnCode});
  EXPECT_TRUE(map.allows(0xd000));
  EXPECT_FALSE(map.allows(0x1800));
  EXPECT_TRUE(map.allows(0x5800));
}

TEST_P(CodeMapPolicies, AModuleIsMeantWithAllItsSegments) {
  load(HEDDLE_CODE_LIBRARY, "/lib/libz.so", 0xb000);
  CodeMap map(&kModules, policy(GetParam()), {kOwnCode});
  PreemptionRule rule = allow_preemption(CodeRegion::module_of(at(0x5123)));
  EXPECT_TRUE(map.allows(0xb123));
  rule = deny_preemption(CodeRegion::module_of(at(0xb123)));
  EXPECT_FALSE(map.allows(0x5123));
}

TEST_P(CodeMapPolicies, ARuleFollowsItsModule) {
  CodeMap map(&kModules, policy(GetParam()), {kOwnCode});
  const PreemptionRule allow = allow_preemption(CodeRegion::module("late.so"));
  const PreemptionRule deny = deny_preemption(CodeRegion::module("other.so"));
  load(HEDDLE_CODE_LIBRARY, "/lib/late.so", 0xb000);
  load(HEDDLE_CODE_LIBRARY, "/lib/other.so", 0xc000);
  map.keep_current();
  EXPECT_TRUE(map.allows(0xb123));
  EXPECT_FALSE(map.allows(0xc123));
}

TEST_P(CodeMapPolicies, RulesReachNeitherTheSystemNorTheRuntime) {
  CodeMap map(&kModules, policy(GetParam()), {kOwnCode});
  const PreemptionRule everything = allow_preemption(CodeRegion::range(at(1), at(~std::uintptr_t{0})));
  EXPECT_TRUE(map.allows(0x5800));
  EXPECT_TRUE(map.allows(0xf000));
  EXPECT_FALSE(map.allows(0x7800));
  EXPECT_FALSE(map.allows(0x9800));
}

TEST_F(CodeMapPolicies, RulesMoveAndMayBeKept) {
  CodeMap map(&kModules, policy(Resume::kSameThread), {kOwnCode});
  PreemptionRule first = allow_preemption(CodeRegion::range(at(0xd000), at(0xd100)));
  {
    const PreemptionRule second = std::move(first);
    EXPECT_TRUE(map.allows(0xd000));
  }
  EXPECT_FALSE(map.allows(0xd000));
  allow_preemption(CodeRegion::range(at(0xe000), at(0xe001))).keep();
  EXPECT_TRUE(map.allows(0xe000));
}

TEST_F(CodeMapPolicies, RegionsThatMakeNoSenseAreRefused) {
  EXPECT_THROW(CodeRegion::range(at(2), at(2)), std::invalid_argument);
  EXPECT_THROW(CodeRegion::range(at(2), at(1)), std::invalid_argument);
  for (const char* name : {"", "lib/libz.so", "lib\\libz.dll"})
    EXPECT_THROW(CodeRegion::module(name), std::invalid_argument) << name;
}

// Rules come and go on several threads while others ask: nobody sees a freed table or half of one.
TEST_F(CodeMapPolicies, IsReadWhileItChanges) {
  CodeMap map(&kModules, policy(Resume::kSameThread), {kOwnCode});
  std::atomic<bool> done{false};
  std::vector<std::thread> threads;
  for (int reader = 0; reader < 2; ++reader) {
    threads.emplace_back([&] {
      while (!done) {
        ASSERT_TRUE(map.allows(0x1800));
        ASSERT_FALSE(map.allows(0x9800));
      }
    });
  }
  threads.emplace_back([&] {
    while (!done) {
      ++loads;
      map.keep_current();
    }
  });
  for (int writer = 0; writer < 2; ++writer) {
    threads.emplace_back([writer] {
      const std::uintptr_t mine = 0x20000 + writer * 0x1000;
      for (int round = 0; round < 20'000; ++round) {
        const PreemptionRule rule = allow_preemption(CodeRegion::range(at(mine), at(mine + 1 + round % 16)));
      }
    });
  }
  threads.back().join();
  threads.pop_back();
  threads.back().join();
  threads.pop_back();
  done = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_FALSE(map.allows(0x20000));
}

INSTANTIATE_TEST_SUITE_P(Under, CodeMapPolicies, testing::Values(Resume::kSameThread, Resume::kAnyThread), [](const auto& info) {
  return info.param == Resume::kSameThread ? "same_thread" : "any_thread";
});

}  // namespace
}  // namespace heddle::sched
