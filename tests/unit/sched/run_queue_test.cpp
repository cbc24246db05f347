// RunQueue against a model on one thread, and against thieves on several.
#include "sched/run_queue.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <memory>
#include <random>
#include <thread>
#include <vector>

namespace heddle::sched {
namespace {

// Addresses to tell fibers apart by; nothing reads the fibers.
std::vector<std::unique_ptr<FiberBlock>> fibers(std::size_t count) {
  std::vector<std::unique_ptr<FiberBlock>> all;
  for (std::size_t index = 0; index < count; ++index) {
    all.push_back(std::make_unique<FiberBlock>());
    all.back()->number = index;
  }
  return all;
}

class RunQueueOrder : public testing::TestWithParam<bool> {};

TEST_P(RunQueueOrder, AgreesWithAModelUnderARandomSchedule) {
  const auto all = fibers(RunQueue::kCapacity);
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  RunQueue queue(GetParam());
  std::deque<FiberBlock*> model;
  for (int step = 0; step < 200'000; ++step) {
    const auto action = random() % 16;
    if (action < 9) {
      FiberBlock* fiber = all[random() % all.size()].get();
      const bool fits = model.size() < RunQueue::kCapacity;
      ASSERT_EQ(queue.push(fiber), fits);
      if (fits) model.push_back(fiber);
    } else if (action < 15) {
      FiberBlock* expected = model.empty() ? nullptr : model.front();
      ASSERT_EQ(queue.pop(), expected);
      if (expected) model.pop_front();
    } else {
      std::array<FiberBlock*, RunQueue::kCapacity / 2> taken;
      const std::uint32_t count = queue.take_half(taken);
      ASSERT_EQ(count, (model.size() + 1) / 2);
      for (std::uint32_t index = 0; index < count; ++index, model.pop_front()) ASSERT_EQ(taken[index], model.front());
    }
    ASSERT_EQ(queue.size(), model.size());
  }
}

INSTANTIATE_TEST_SUITE_P(, RunQueueOrder, testing::Bool(),
                         [](const auto& info) { return info.param ? "Shared" : "Single"; });

TEST(RunQueue, HandsEachFiberToExactlyOneTaker) {
  constexpr std::size_t kFibers = 300'000;
  constexpr int kThieves = 3;
  const auto all = fibers(kFibers);
  std::vector<std::atomic<int>> taken(kFibers);
  RunQueue queue(true);
  std::atomic<bool> done{false};
  std::vector<std::thread> thieves;
  for (int thief = 0; thief < kThieves; ++thief) {
    thieves.emplace_back([&] {
      std::array<FiberBlock*, RunQueue::kCapacity / 2> loot;
      while (!done.load() || queue.size() != 0) {
        const std::uint32_t count = queue.take_half(loot);
        for (std::uint32_t index = 0; index < count; ++index) taken[loot[index]->number].fetch_add(1);
        if (count == 0) std::this_thread::yield();
      }
    });
  }
  std::size_t owner_took = 0;
  const auto pop = [&] {
    if (FiberBlock* fiber = queue.pop()) {
      taken[fiber->number].fetch_add(1);
      ++owner_took;
    }
  };
  for (const auto& fiber : all) {
    while (!queue.push(fiber.get())) pop();
    if (fiber->number % 3 == 0) pop();
  }
  done = true;
  for (std::thread& thief : thieves) thief.join();
  while (queue.size() != 0) pop();
  for (std::size_t index = 0; index < kFibers; ++index) ASSERT_EQ(taken[index].load(), 1) << index;
  EXPECT_GT(owner_took, 0u);
}

}  // namespace
}  // namespace heddle::sched
