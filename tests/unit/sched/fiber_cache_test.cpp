// FiberCache and FiberDepot: blocks are used again, by whichever processor, and few wait on one of them.
#include "sched/fiber_cache.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <vector>

namespace heddle::sched {
namespace {

using Blocks = std::vector<FiberBlock*>;

class FiberCacheTest : public testing::Test {
 protected:
  static constexpr std::size_t kMany = 40 * FiberDepot::kMagazine;

  static Blocks take(FiberCache& cache, std::size_t count) {
    Blocks blocks;
    while (blocks.size() < count) blocks.push_back(cache.take());
    return blocks;
  }
  static void put(FiberCache& cache, const Blocks& blocks) {
    for (FiberBlock* block : blocks) cache.put(block);
  }
  std::size_t stacks_given() {
    std::size_t count = 0;
    stacks.for_each_given([&](const stack::Stack&) { ++count; });
    return count;
  }

  stack::StackPool stacks{nullptr, 16 * 1024, 1024 * 1024, false};
  FiberDepot depot{stacks};
  FiberCache cache{depot};
  FiberCache other{depot};
};

TEST_F(FiberCacheTest, EveryBlockIsAnothersAndComesAgain) {
  Blocks blocks = take(cache, kMany);
  const std::set<FiberBlock*> all(blocks.begin(), blocks.end());
  EXPECT_EQ(all.size(), kMany);
  for (int round = 0; round < 3; ++round) {
    put(cache, blocks);
    blocks = take(cache, kMany);
    EXPECT_EQ(std::set<FiberBlock*>(blocks.begin(), blocks.end()), all);
  }
  EXPECT_EQ(stacks_given(), kMany);
  put(cache, blocks);
}

// R49: whichever processor has the fibers made and sees their end.
TEST_F(FiberCacheTest, FewWaitOnAProcessorThatAnotherOneDoesNotFind) {
  put(cache, take(cache, kMany));
  put(other, take(other, kMany));
  EXPECT_LE(stacks_given(), kMany + 2 * FiberDepot::kMagazine);
  put(cache, take(other, kMany));
  put(other, take(cache, kMany));
  EXPECT_LE(stacks_given(), kMany + 4 * FiberDepot::kMagazine);
}

TEST_F(FiberCacheTest, OneAtATimeComesOutOfMagazines) {
  put(cache, take(cache, kMany));
  const std::size_t given = stacks_given();
  std::set<FiberBlock*> taken;
  while (taken.size() < kMany - 2 * FiberDepot::kMagazine) EXPECT_TRUE(taken.insert(depot.take_one()).second);
  EXPECT_EQ(stacks_given(), given);
  EXPECT_FALSE(depot.has_idle());
  taken.insert(depot.take_one());
  EXPECT_EQ(stacks_given(), given + 1);
  for (FiberBlock* block : taken) release_fiber_block(stacks, block);
}

TEST_F(FiberCacheTest, WhatLiesForAnAgeIsOld) {
  put(cache, take(cache, kMany));
  EXPECT_EQ(depot.take_old(), nullptr);
  EXPECT_FALSE(depot.has_old());
  FiberBlock* single = depot.take_one();
  depot.age();
  EXPECT_TRUE(depot.has_old());
  std::size_t old = 0;
  while (FiberBlock* fiber = depot.take_old()) {
    for (; fiber; fiber = fiber->link) ++old;
  }
  EXPECT_EQ(old, kMany - 2 * FiberDepot::kMagazine - 1);
  EXPECT_FALSE(depot.has_old());
  EXPECT_FALSE(depot.has_idle());
  release_fiber_block(stacks, single);
}

TEST_F(FiberCacheTest, WhatIsUsedStaysYoung) {
  put(cache, take(cache, kMany));
  for (int age = 0; age < 5; ++age) {
    depot.age();
    put(other, take(other, kMany / 4));
    while (depot.take_old()) continue;
  }
  EXPECT_TRUE(depot.has_idle());
  const std::size_t given = stacks_given();
  put(other, take(other, kMany / 4));
  EXPECT_EQ(stacks_given(), given);
}

TEST_F(FiberCacheTest, AllOfItCanBeTaken) {
  put(cache, take(cache, kMany));
  std::size_t count = 0;
  for (FiberBlock* fiber : cache.take_all()) {
    for (; fiber; fiber = fiber->link) ++count;
  }
  EXPECT_EQ(count, 2 * FiberDepot::kMagazine);
  EXPECT_TRUE(cache.empty());
  put(cache, take(cache, kMany));
}

}  // namespace
}  // namespace heddle::sched
