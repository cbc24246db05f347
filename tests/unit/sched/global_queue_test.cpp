#include "sched/global_queue.hpp"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace heddle::sched {
namespace {

TEST(GlobalQueue, GivesChainsInOrderAndSaysHowMany) {
  std::array<FiberBlock, 5> fibers;
  GlobalQueue queue;
  std::uint32_t count = 7;
  EXPECT_EQ(queue.pop_chain(3, count), nullptr);
  EXPECT_EQ(count, 0u);

  queue.push(&fibers[0]);
  fibers[1].link = &fibers[2];
  fibers[2].link = nullptr;
  queue.push_chain(&fibers[1], &fibers[2], 2);
  queue.push(&fibers[3]);
  EXPECT_EQ(queue.size(), 4u);

  FiberBlock* chain = queue.pop_chain(3, count);
  EXPECT_EQ(count, 3u);
  for (int index = 0; index < 3; ++index, chain = chain->link) ASSERT_EQ(chain, &fibers[index]);
  EXPECT_EQ(chain, nullptr);

  queue.push(&fibers[4]);
  chain = queue.pop_chain(9, count);
  EXPECT_EQ(count, 2u);
  EXPECT_EQ(chain, &fibers[3]);
  EXPECT_EQ(chain->link, &fibers[4]);
  EXPECT_EQ(chain->link->link, nullptr);
  EXPECT_EQ(queue.size(), 0u);
}

TEST(GlobalQueue, TheWokenGoFirstButNotForEver) {
  std::array<FiberBlock, 12> woken;
  std::array<FiberBlock, 2> others;
  GlobalQueue queue;
  queue.push(&others[0]);
  for (FiberBlock& fiber : woken) queue.push_woken(&fiber);
  queue.push(&others[1]);
  EXPECT_EQ(queue.size(), 14u);
  EXPECT_EQ(queue.woken(), 12u);
  EXPECT_EQ(queue.wakes(), 12u);

  std::vector<FiberBlock*> order;
  std::uint32_t count = 0;
  while (FiberBlock* chain = queue.pop_chain(3, count)) {
    for (; chain; chain = chain->link) order.push_back(chain);
  }
  std::vector<FiberBlock*> wanted;
  for (int i = 0; i < 8; ++i) wanted.push_back(&woken[i]);
  wanted.push_back(&others[0]);
  for (int i = 8; i < 12; ++i) wanted.push_back(&woken[i]);
  wanted.push_back(&others[1]);
  EXPECT_EQ(order, wanted);
  EXPECT_EQ(queue.size(), 0u);
  EXPECT_EQ(queue.woken(), 0u);
  EXPECT_EQ(queue.wakes(), 12u);
}

}  // namespace
}  // namespace heddle::sched
