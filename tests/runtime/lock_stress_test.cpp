// Mutex, SharedMutex and Semaphore under seeded random schedules: with time-outs, from fibers and threads, nobody is
// inside who must not be, and nobody is left waiting.
#include "runtime/child.hpp"
#include "runtime/scenario.hpp"
#include "runtime/threads.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <atomic>
#include <mutex>
#include <random>
#include <shared_mutex>
#include <string>
#include <tuple>
#include <vector>

namespace heddle::test {
namespace {

using std::chrono::microseconds;

class Locks {
 public:
  static constexpr int kPermits = 3;

  void play(std::uint64_t seed, std::size_t moves, bool fiber) {
    std::mt19937_64 random(seed);
    for (std::size_t move = 0; move < moves; ++move) step(random, fiber && random() % 2);
  }

  void check() {
    EXPECT_TRUE(mutex_.try_lock());
    EXPECT_TRUE(shared_.try_lock());
    for (int i = 0; i < kPermits; ++i) EXPECT_TRUE(semaphore_.try_acquire());
    EXPECT_FALSE(semaphore_.try_acquire());
    EXPECT_EQ(count_, passed_);
    EXPECT_EQ(shared_count_, shared_passed_);
  }

 private:
  void step(std::mt19937_64& random, bool yields) {
    const microseconds patience(random() % 80);
    switch (random() % 6) {
      case 0: {
        const std::unique_lock lock(mutex_);
        inside(yields);
        break;
      }
      case 1: {
        const std::unique_lock lock(mutex_, patience);
        if (lock.owns_lock()) inside(yields);
        break;
      }
      case 2: {
        const std::unique_lock lock(shared_);
        EXPECT_EQ(writers_++ + readers_, 0);
        ++shared_count_;
        if (yields) this_fiber::yield();
        ++shared_passed_;
        EXPECT_EQ(--writers_ + readers_, 0);
        break;
      }
      case 3: {
        const std::shared_lock lock(shared_);
        ++readers_;
        EXPECT_EQ(shared_count_, shared_passed_);
        if (yields) this_fiber::yield();
        EXPECT_EQ(writers_, 0);
        --readers_;
        break;
      }
      case 4:
        if (!semaphore_.try_acquire_for(patience)) break;
        use_permit(yields);
        break;
      default:
        semaphore_.acquire();
        use_permit(yields);
    }
  }

  void inside(bool yields) {
    EXPECT_EQ(inside_++, 0);
    ++count_;
    if (yields) this_fiber::yield();
    ++passed_;
    EXPECT_EQ(--inside_, 0);
  }

  void use_permit(bool yields) {
    EXPECT_LT(permits_used_++, kPermits);
    if (yields) this_fiber::yield();
    --permits_used_;
    semaphore_.release();
  }

  Mutex mutex_;
  int inside_ = 0;  // guarded by mutex_, as are these
  std::uint64_t count_ = 0;
  std::uint64_t passed_ = 0;
  SharedMutex shared_;
  std::uint64_t shared_count_ = 0;  // guarded by shared_, as is this
  std::uint64_t shared_passed_ = 0;
  std::atomic<int> writers_{0};
  std::atomic<int> readers_{0};
  Semaphore semaphore_{kPermits};
  std::atomic<int> permits_used_{0};
};

class LockStress : public testing::TestWithParam<std::tuple<std::string, std::uint32_t>> {};

TEST_P(LockStress, KeepsItsPromises) {
  passes_in_child(
      [] {
        const auto [strategy, processors] = GetParam();
        const std::uint64_t first = seed();
        Config eager = config(strategy, processors);
        eager.preempter.quantum = std::chrono::milliseconds(1);
        run(eager, [first] {
          for (std::uint64_t round = 0; round < scaled(100); ++round) {
            std::mt19937_64 random(first + round);
            Locks locks;
            Threads threads;
            std::vector<Fiber> fibers;
            for (std::uint64_t i = 0; i < 12; ++i)
              fibers.emplace_back([&locks, seed = random()] { locks.play(seed, 300, true); });
            for (std::uint64_t i = 0; i < 2; ++i)
              threads.start([&locks, seed = random()] { locks.play(seed, 100, false); });
            fibers.clear();
            threads.join();
            locks.check();
            ASSERT_FALSE(testing::Test::HasFailure()) << "round " << round;
          }
        });
      },
      std::chrono::seconds(240));
}

INSTANTIATE_TEST_SUITE_P(On, LockStress,
                         testing::Combine(testing::Values("none", "cooperative", kPreemptive), testing::Values(1U, 2U, 4U)),
                         [](const auto& info) {
                           return std::get<0>(info.param) + "_" + std::to_string(std::get<1>(info.param));
                         });

}  // namespace
}  // namespace heddle::test
