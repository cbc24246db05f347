// The checker itself: it sees what C++20 allows, does not see what it forbids, and finds faults that are planted. The programs are the
// usual litmus tests.
#include <set>

namespace heddle::model {
namespace {

using Outcomes = std::set<std::pair<int, int>>;

struct Two {
  std::atomic<int> x{0};
  std::atomic<int> y{0};
  int a = -1;
  int b = -1;
};

/// All that two threads may see.
Outcomes outcomes(void (*first)(Two&), void (*second)(Two&)) {
  Outcomes seen;
  const Result result = explore([&](Program& program) {
    Two& two = program.keep(new Two);
    program.thread([&] { first(two); });
    program.thread([&] { second(two); });
    program.finally([&] { seen.insert({two.a, two.b}); });
  });
  EXPECT_EQ(result.failure, "");
  return seen;
}

TEST(Checker, StoreBufferingNeedsSeqCst) {
  const auto weak = outcomes(
      [](Two& two) {
        two.x.store(1, std::memory_order_release);
        two.a = two.y.load(std::memory_order_acquire);
      },
      [](Two& two) {
        two.y.store(1, std::memory_order_release);
        two.b = two.x.load(std::memory_order_acquire);
      });
  EXPECT_EQ(weak, (Outcomes{{0, 0}, {0, 1}, {1, 0}, {1, 1}}));
  const auto strong = outcomes(
      [](Two& two) {
        two.x.store(1);
        two.a = two.y.load();
      },
      [](Two& two) {
        two.y.store(1);
        two.b = two.x.load();
      });
  EXPECT_EQ(strong, (Outcomes{{0, 1}, {1, 0}, {1, 1}}));
}

TEST(Checker, StoreBufferingIsEndedByFences) {
  const auto seen = outcomes(
      [](Two& two) {
        two.x.store(1, std::memory_order_relaxed);
        std::atomic_thread_fence(std::memory_order_seq_cst);
        two.a = two.y.load(std::memory_order_relaxed);
      },
      [](Two& two) {
        two.y.store(1, std::memory_order_relaxed);
        std::atomic_thread_fence(std::memory_order_seq_cst);
        two.b = two.x.load(std::memory_order_relaxed);
      });
  EXPECT_EQ(seen, (Outcomes{{0, 1}, {1, 0}, {1, 1}}));
}

TEST(Checker, AFenceOnOneSideAndSeqCstOnTheOther) {
  const auto seen = outcomes(
      [](Two& two) {
        two.x.store(1, std::memory_order_relaxed);
        std::atomic_thread_fence(std::memory_order_seq_cst);
        two.a = two.y.load();
      },
      [](Two& two) {
        two.y.fetch_add(1);
        two.b = two.x.load();
      });
  EXPECT_EQ(seen, (Outcomes{{0, 1}, {1, 0}, {1, 1}}));
}

TEST(Checker, MessagePassing) {
  const auto pass = [](std::memory_order release, std::memory_order acquire) {
    static std::memory_order store, load;
    store = release;
    load = acquire;
    return outcomes(
        [](Two& two) {
          two.x.store(1, std::memory_order_relaxed);
          two.y.store(1, store);
        },
        [](Two& two) {
          two.a = two.y.load(load);
          two.b = two.x.load(std::memory_order_relaxed);
        });
  };
  const std::pair<int, int> lost{1, 0};
  EXPECT_FALSE(pass(std::memory_order_release, std::memory_order_acquire).contains(lost));
  EXPECT_TRUE(pass(std::memory_order_relaxed, std::memory_order_acquire).contains(lost));
  EXPECT_TRUE(pass(std::memory_order_release, std::memory_order_relaxed).contains(lost));
}

TEST(Checker, OneAtomicNeverGoesBack) {
  const auto seen = outcomes([](Two& two) { two.x.store(1, std::memory_order_relaxed); },
                             [](Two& two) {
                               two.a = two.x.load(std::memory_order_relaxed);
                               two.b = two.x.load(std::memory_order_relaxed);
                             });
  EXPECT_EQ(seen, (Outcomes{{0, 0}, {0, 1}, {1, 1}}));
}

TEST(Checker, AReadModifyWriteContinuesARelease) {
  bool lost = false;
  const Result result = explore([&](Program& program) {
    Two& two = program.keep(new Two);
    program.thread([&] {
      two.x.store(1, std::memory_order_relaxed);
      two.y.store(1, std::memory_order_release);
    });
    program.thread([&] { two.y.fetch_add(1, std::memory_order_relaxed); });
    program.thread([&] {
      two.a = two.y.load(std::memory_order_acquire);
      two.b = two.x.load(std::memory_order_relaxed);
    });
    program.finally([&] { lost |= two.a == 2 && two.b == 0; });
  });
  EXPECT_EQ(result.failure, "");
  EXPECT_FALSE(lost);
}

/// Two threads that each do `n` steps on a place of their own, or on the same: as many orders as there are, no more.
TEST(Checker, LeavesOutWaysThatAreAlike) {
  const auto ways = [](bool same) {
    return explore([same](Program& program) {
             Two& two = program.keep(new Two);
             program.thread([&] {
               for (int i = 0; i < 3; ++i) two.x.fetch_add(1, std::memory_order_relaxed);
             });
             program.thread([&two, same] {
               for (int i = 0; i < 3; ++i) (same ? two.x : two.y).fetch_add(1, std::memory_order_relaxed);
             });
           })
        .executions;
  };
  EXPECT_EQ(ways(false), 1U);
  EXPECT_EQ(ways(true), 20U);  // 6 over 3
}

TEST(Checker, FindsAnUpdateThatIsLost) {
  const Result result = explore([](Program& program) {
    Two& two = program.keep(new Two);
    for (int thread = 0; thread < 2; ++thread) program.thread([&] { two.x.store(two.x.load() + 1); });
    program.finally([&] { require(two.x.load() == 2, "an update was lost"); });
  });
  EXPECT_NE(result.failure.find("an update was lost"), std::string::npos);
}

TEST(Checker, FindsADeadlock) {
  const Result result = explore([](Program& program) {
    struct Locks {
      std::mutex first, second;
    };
    Locks& locks = program.keep(new Locks);
    program.thread([&] { const std::scoped_lock one(locks.first), two(locks.second); });
    program.thread([&] { const std::scoped_lock one(locks.second), two(locks.first); });
  });
  EXPECT_NE(result.failure.find("blocked for ever"), std::string::npos);
}

TEST(Checker, FindsAWakeUpThatIsLostBetweenTheQuestionAndTheSleep) {
  const auto lost = [](bool under_the_lock) {
    return explore([under_the_lock](Program& program) {
             struct Bell {
               std::mutex mutex;
               std::condition_variable rings;
               std::atomic<bool> rung{false};
             };
             Bell& bell = program.keep(new Bell);
             program.thread([&] {
               std::unique_lock lock(bell.mutex);
               bell.rings.wait(lock, [&] { return bell.rung.load(); });
             });
             program.thread([&bell, under_the_lock] {
               bell.rung = true;
               std::unique_lock<std::mutex> lock(bell.mutex, std::defer_lock);
               if (under_the_lock) lock.lock();
               bell.rings.notify_one();
             });
           })
        .failure;
  };
  EXPECT_EQ(lost(true), "");
  EXPECT_NE(lost(false).find("blocked for ever"), std::string::npos);
}

}  // namespace
}  // namespace heddle::model
