// FiberLocal: every fiber and every thread has its own, from its first use to its end.
#include "runtime/each_strategy.hpp"
#include "runtime/threads.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace heddle::test {
namespace {

class FiberLocalUnder : public EachStrategy {};
INSTANTIATE_TEST_SUITE_P(On, FiberLocalUnder, each_strategy(), strategy_name);

/// Notes when it is destroyed.
struct Noted {
  Noted(std::string what, std::vector<std::string>* where) : name(std::move(what)), log(where) {}
  ~Noted() { log->push_back(name); }
  Noted(const Noted&) = delete;

  std::string name;
  std::vector<std::string>* log;
};

TEST_P(FiberLocalUnder, BelongsToItsFiber) {
  passes([] {
    FiberLocal<int> counter;
    const auto count = [&](bool fiber) {
      for (int i = 0; i < 200; ++i) {
        EXPECT_EQ((*counter)++, i);
        if (fiber) this_fiber::yield();
      }
    };
    Threads threads;
    std::vector<Fiber> fibers;
    for (int i = 0; i < 10; ++i) fibers.emplace_back(count, true);
    for (int i = 0; i < 2; ++i) threads.start([&] { count(false); });
    fibers.clear();
    threads.join();
    EXPECT_EQ(*counter, 0);
  });
}

TEST_P(FiberLocalUnder, IsDestroyedWhenItsFiberEnds) {
  passes([] {
    std::atomic<int> alive{0};
    struct Counted {
      explicit Counted(std::atomic<int>* count) : alive(count) { ++*alive; }
      ~Counted() {
        this_fiber::yield();  // still on the fiber
        --*alive;
      }
      Counted(const Counted&) = delete;
      std::atomic<int>* alive;
    };
    FiberLocal<Counted> counted([&] { return Counted(&alive); });
    for (int round = 0; round < 20; ++round) {
      std::vector<Fiber> fibers;
      for (int i = 0; i < 10; ++i) {
        fibers.emplace_back([&] {
          EXPECT_EQ(&*counted, &counted.get());
          this_fiber::yield();
        });
      }
      fibers.clear();
      ASSERT_EQ(alive, 0);
    }
  });
}

TEST(FiberLocal, GoesInReverseOrder) {
  on_one_processor([] {
    std::vector<std::string> log;
    FiberLocal<Noted> first([&] { return Noted("first", &log); });
    FiberLocal<Noted> second([&] { return Noted("second", &log); });
    // It uses another one while it is made: that is complete before it, and goes after it.
    FiberLocal<Noted> third([&] { return Noted("third, made after " + second->name, &log); });
    Fiber([&] {
      EXPECT_EQ(first->name, "first");
      EXPECT_EQ(third->name, "third, made after second");
      EXPECT_TRUE(log.empty());
    }).join();
    EXPECT_EQ(log, (std::vector<std::string>{"third, made after second", "second", "first"}));
  });
}

TEST(FiberLocal, MayBeUsedByTheDestructorOfAnother) {
  on_one_processor([] {
    std::vector<std::string> log;
    FiberLocal<Noted> late([&] { return Noted("late", &log); });
    struct UsesLate {
      explicit UsesLate(FiberLocal<Noted>* variable) : late(variable) {}
      ~UsesLate() { late->get().log->push_back("uses late"); }
      UsesLate(const UsesLate&) = delete;
      FiberLocal<Noted>* late;
    };
    FiberLocal<UsesLate> uses([&] { return UsesLate(&late); });
    Fiber([&] { uses.get(); }).join();
    EXPECT_EQ(log, (std::vector<std::string>{"uses late", "late"}));
  });
}

TEST(FiberLocal, MayBeGoneBeforeItsFibers) {
  on_one_processor([] {
    std::vector<std::string> log;
    Channel<int> gone;
    Fiber fiber;
    {
      FiberLocal<Noted> variable([&] { return Noted("value", &log); });
      fiber = Fiber([&] {
        variable.get();
        gone.receive();
        FiberLocal<int> other;  // perhaps where the first one was
        EXPECT_EQ(*other, 0);
      });
      this_fiber::yield();
    }
    EXPECT_TRUE(log.empty());
    gone.close();
    fiber.join();
    EXPECT_EQ(log, std::vector<std::string>{"value"});
  });
}

TEST(FiberLocal, IsMadeAgainAfterAnException) {
  on_one_processor([] {
    int tries = 0;
    FiberLocal<int> variable([&] {
      if (++tries == 1) throw std::runtime_error("not yet");
      return 5;
    });
    EXPECT_THROW(variable.get(), std::runtime_error);
    EXPECT_EQ(*variable, 5);
  });
}

TEST(FiberLocal, OfTheMainFiberIsDestroyedBeforeRunReturns) {
  passes_in_child([] {
    std::vector<std::string> log;
    FiberLocal<Noted> variable([&] { return Noted("main", &log); });
    run(config("none", 2), [&] { variable.get(); });
    EXPECT_EQ(log, std::vector<std::string>{"main"});
  });
}

TEST(FiberLocal, OfAThreadIsDestroyedWithTheThread) {
  std::vector<std::string> log;
  FiberLocal<Noted> first([&] { return Noted("first", &log); });
  FiberLocal<Noted> second([&] { return Noted("second", &log); });
  std::thread([&] {
    first.get();
    second.get();
    EXPECT_TRUE(log.empty());
  }).join();
  EXPECT_EQ(log, (std::vector<std::string>{"second", "first"}));
}

}  // namespace
}  // namespace heddle::test
