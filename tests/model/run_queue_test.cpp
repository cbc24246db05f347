// RunQueue, and Processor::next beside it: whatever the owner and the thieves do at the same time, each fiber is taken once, by one, and
// the older before the younger.
#include "model/scene.hpp"

namespace heddle::model {
namespace {

using sched::FiberBlock;
using sched::RunQueue;

constexpr std::uint32_t kCapacity = RunQueue::kCapacity;

struct Queue {
  /// One that has had `passed` fibers and holds `held`, numbered from 0.
  Queue(std::uint32_t passed, std::uint32_t held) : next(held) {
    queue.head_.store(passed);
    queue.tail_.store(passed);
    for (std::uint32_t index = 0; index < held; ++index) queue.push(fiber(index));
  }

  void push() {
    if (queue.push(fiber(next))) ++next;
  }
  void pop(std::vector<FiberBlock*>& mine) {
    if (FiberBlock* taken = queue.pop()) mine.push_back(taken);
  }
  void steal(std::vector<FiberBlock*>& mine) {
    std::array<FiberBlock*, kCapacity / 2> loot;
    const std::uint32_t count = queue.take_half(loot);
    mine.insert(mine.end(), loot.begin(), loot.begin() + count);
  }

  /// Nothing lost, nothing twice, and everybody took in the order of the pushes.
  void check() {
    std::vector<int> times(next, 0);
    std::vector<FiberBlock*> left;
    while (queue.size() != 0) pop(left);
    for (const auto& takers : {owner, first, second, left}) {
      const FiberBlock* before = nullptr;
      for (const FiberBlock* taken : takers) {
        require(taken && taken->number < next, "a slot was read before its fiber was there");
        require(!before || before->number < taken->number, "a younger fiber was taken before an older one");
        ++times[taken->number];
        before = taken;
      }
    }
    for (const int count : times) require(count == 1, count == 0 ? "a fiber was lost" : "a fiber was taken twice");
  }

  RunQueue queue{true};
  std::uint32_t next;
  std::vector<FiberBlock*> owner, first, second;
};

struct Case {
  const char* name;  // of the test
  std::uint32_t passed;
  std::uint32_t held;
  const char* owner;  // p: push, o: pop
  int thefts;         // by the first thief
  int other_thefts;   // by the second
};

Result explore_case(const Case& parameters, const Options& options = {}) {
  return explore(
      [&](Program& program) {
        Queue& queue = program.keep(new Queue(parameters.passed, parameters.held));
        program.thread([&queue, steps = parameters.owner] {
          for (const char* step = steps; *step; ++step) *step == 'p' ? queue.push() : queue.pop(queue.owner);
        });
        const auto thief = [&](int thefts, std::vector<FiberBlock*>& mine) {
          if (thefts == 0) return;
          program.thread([&queue, &mine, thefts] {
            for (int theft = 0; theft < thefts; ++theft) queue.steal(mine);
          });
        };
        thief(parameters.thefts, queue.first);
        thief(parameters.other_thefts, queue.second);
        program.finally([&queue] { queue.check(); });
      },
      options);
}

class RunQueueModel : public testing::TestWithParam<Case> {};

TEST_P(RunQueueModel, EveryFiberIsTakenOnceAndInOrder) {
  const Result result = explore_case(GetParam());
  EXPECT_EQ(result.failure, "");
  std::cout << result.executions << " executions\n";
}

INSTANTIATE_TEST_SUITE_P(, RunQueueModel,
                         testing::Values(Case{"OneFiberTwoTakers", 0, 1, "o", 1, 0},          //
                                         Case{"OneFiberThreeTakers", 0, 1, "o", 1, 1},        //
                                         Case{"ThreeFibersThreeTakers", 0, 3, "oo", 1, 1},    //
                                         Case{"PushAndPopBesideAThief", 0, 1, "popo", 2, 0},  //
                                         Case{"PushBesideTwoThieves", 0, 0, "ppo", 1, 1},     //
                                         Case{"CountersWrapRound", 0xffffffff, 1, "ppo", 1, 1},
                                         Case{"AFullRing", 3, kCapacity, "pop", 1, 0},
                                         Case{"AFullRingGoesOnBesideAThief", kCapacity - 1, kCapacity - 1, "popo", 1, 0}),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(RunQueueFaults, FindsAPublicationWithoutRelease) {
  Options options;
  options.weaken_release = true;
  EXPECT_NE(explore_case({"", 0, 0, "pp", 1, 0}, options).failure, "");
}

TEST(RunQueueFaults, FindsATheftWithoutAcquire) {
  Options options;
  options.weaken_acquire = true;
  EXPECT_NE(explore_case({"", 0, 0, "pp", 1, 0}, options).failure, "");
}

// What the plain stores of a queue that nobody may steal from would do if somebody did.
TEST(RunQueueFaults, FindsAPopWithoutExchange) {
  const Result result = explore([](Program& program) {
    Queue& queue = program.keep(new Queue(0, 2));
    const_cast<bool&>(queue.queue.shared_) = false;
    program.thread([&] { queue.pop(queue.owner); });
    program.thread([&] { queue.steal(queue.first); });
    program.finally([&] { queue.check(); });
  });
  EXPECT_NE(result.failure, "");
}

// The owner makes fibers ready, which puts one into `next` and moves the one before into the ring, and takes some; a thief takes half
// of the ring or, when that is empty, `next`.
TEST(ProcessorModel, AFiberInNextIsTakenOnce) {
  struct Loot : Scene {
    using Scene::Scene;
    std::vector<FiberBlock*> owner, thief;
  };
  const Result result = explore([](Program& program) {
    Loot& scene = make<Loot>(program, 2);
    program.quiet(&scene.scheduler.idle_count_, sizeof scene.scheduler.idle_count_);
    scene.on_worker(program, 0, [&](sched::Worker& self) {
      for (std::size_t number = 0; number < 2; ++number) {
        fiber(number)->fresh = false;
        scene.scheduler.push_ready(self, *fiber(number));
      }
      for (int turn = 0; turn < 2; ++turn) {
        FiberBlock* taken = self.processor->take_next();
        if (!taken) taken = self.processor->queue.pop();
        if (taken) scene.owner.push_back(taken);
      }
    });
    scene.on_worker(program, 1, [&](sched::Worker& self) {
      for (int turn = 0; turn < 2; ++turn) {
        if (FiberBlock* taken = scene.scheduler.steal(self, scene.processor(0), true)) scene.thief.push_back(taken);
      }
    });
    program.finally([&] {
      std::vector<int> times(2, 0);
      for (const FiberBlock* taken : scene.owner) ++times[taken->number];
      for (const FiberBlock* taken : scene.thief) ++times[taken->number];
      for (std::size_t index = 0; index < 2; ++index) {
        if (FiberBlock* left = scene.processor(index).take_next()) ++times[left->number];
        while (FiberBlock* left = scene.processor(index).queue.pop()) ++times[left->number];
      }
      require(times == std::vector<int>{1, 1}, "a fiber was lost or taken twice");
    });
  });
  EXPECT_EQ(result.failure, "");
  std::cout << result.executions << " executions\n";
}

}  // namespace
}  // namespace heddle::model
