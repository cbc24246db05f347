// StartQueue: whatever the owner and the thieves do at the same time, each fiber is taken once, by one; the owner takes the newest that
// nobody has, a thief the oldest.
#include "model/scene.hpp"

namespace heddle::model {
namespace {

using sched::FiberBlock;
using sched::StartQueue;

struct Deque {
  Deque(std::uint32_t passed, std::uint32_t held) : next(held) {
    queue.head_.store(passed);
    queue.tail_.store(passed);
    for (std::uint32_t index = 0; index < held; ++index) queue.push(fiber(index));
  }

  void push() {
    if (queue.push(fiber(next))) ++next;
  }
  void pop() { note(queue.pop_newest(), owner); }
  void take_as_owner() { note(queue.take_oldest(), owner); }
  void steal(std::vector<FiberBlock*>& mine) { note(queue.take_oldest(), mine); }

  void note(FiberBlock* taken, std::vector<FiberBlock*>& mine) {
    if (taken) mine.push_back(taken);
  }

  void check() {
    std::vector<int> times(next, 0);
    std::vector<FiberBlock*> left;
    while (FiberBlock* taken = queue.pop_newest()) left.push_back(taken);
    for (const auto& takers : {owner, first, second, left}) {
      for (const FiberBlock* taken : takers) {
        require(taken->number < next, "a slot was read before its fiber was there");
        ++times[taken->number];
      }
    }
    for (const auto& thief : {first, second}) {
      for (std::size_t i = 1; i < thief.size(); ++i)
        require(thief[i - 1]->number < thief[i]->number, "a thief took a younger fiber before an older one");
    }
    for (const int count : times) require(count == 1, count == 0 ? "a fiber was lost" : "a fiber was taken twice");
  }

  StartQueue queue{true};
  std::uint32_t next;
  std::vector<FiberBlock*> owner, first, second;
};

struct Moves {
  const char* name;  // of the test
  std::uint32_t passed;
  std::uint32_t held;
  const char* owner;  // p: push, o: pop the newest, t: take the oldest
  int thefts;         // by the first thief
  int other_thefts;   // by the second
};

Result explore_moves(const Moves& parameters, const Options& options = {}) {
  return explore(
      [&](Program& program) {
        Deque& deque = program.keep(new Deque(parameters.passed, parameters.held));
        program.thread([&deque, steps = parameters.owner] {
          for (const char* step = steps; *step; ++step) {
            if (*step == 'p') deque.push();
            if (*step == 'o') deque.pop();
            if (*step == 't') deque.take_as_owner();
          }
        });
        const auto thief = [&](int thefts, std::vector<FiberBlock*>& mine) {
          if (thefts == 0) return;
          program.thread([&deque, &mine, thefts] {
            for (int theft = 0; theft < thefts; ++theft) deque.steal(mine);
          });
        };
        thief(parameters.thefts, deque.first);
        thief(parameters.other_thefts, deque.second);
        program.finally([&deque] { deque.check(); });
      },
      options);
}

class StartQueueModel : public testing::TestWithParam<Moves> {};

TEST_P(StartQueueModel, EveryFiberIsTakenOnce) {
  const Result result = explore_moves(GetParam());
  EXPECT_EQ(result.failure, "");
  std::cout << result.executions << " executions\n";
}

INSTANTIATE_TEST_SUITE_P(, StartQueueModel,
                         testing::Values(Moves{"OneFiberTwoTakers", 0, 1, "o", 1, 0},         //
                                         Moves{"OneFiberThreeTakers", 0, 1, "o", 1, 1},       //
                                         Moves{"TwoFibersThreeTakers", 0, 2, "o", 1, 1},      //
                                         Moves{"TwoFibersTwoEach", 0, 2, "oo", 2, 0},         //
                                         Moves{"PushAndPopBesideAThief", 0, 1, "pop", 2, 0},  //
                                         Moves{"TheOwnerTakesTheOldest", 0, 2, "to", 1, 0},   //
                                         Moves{"CountersWrapRound", 0xffffffff, 1, "po", 2, 0}),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(StartQueueFaults, FindsAPublicationWithoutRelease) {
  Options options;
  options.weaken_release = true;
  EXPECT_NE(explore_moves({"", 0, 0, "pp", 1, 0}, options).failure, "");
}

// What the plain stores of a queue that nobody may steal from would do if somebody did.
TEST(StartQueueFaults, FindsAPopWithoutAFence) {
  const Result result = explore([](Program& program) {
    Deque& deque = program.keep(new Deque(0, 2));
    const_cast<bool&>(deque.queue.shared_) = false;
    program.thread([&] {
      deque.pop();
      deque.pop();
    });
    program.thread([&] {
      deque.steal(deque.first);
      deque.steal(deque.first);
    });
    program.finally([&] { deque.check(); });
  });
  EXPECT_NE(result.failure, "");
}

}  // namespace
}  // namespace heddle::model
