// SharedMutex: one writer or many readers, and neither kind keeps the other out for ever.
#include "runtime/each_strategy.hpp"
#include "runtime/threads.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <atomic>
#include <mutex>
#include <shared_mutex>
#include <vector>

namespace heddle::test {
namespace {

class SharedMutexUnder : public EachStrategy {};
INSTANTIATE_TEST_SUITE_P(On, SharedMutexUnder, each_strategy(), strategy_name);

TEST_P(SharedMutexUnder, ExcludesWritersFromEverybody) {
  passes([] {
    SharedMutex mutex;
    std::uint64_t first = 0;
    std::uint64_t second = 0;  // the same, outside the writers' critical sections
    std::atomic<int> readers{0};
    const auto write = [&](bool fiber) {
      for (int round = 0; round < 300; ++round) {
        const std::lock_guard lock(mutex);
        ++first;
        EXPECT_EQ(readers, 0);
        if (fiber && round % 3 == 0) this_fiber::yield();
        ++second;
      }
    };
    const auto read = [&](bool fiber) {
      for (int round = 0; round < 300; ++round) {
        const std::shared_lock lock(mutex);
        ++readers;
        EXPECT_EQ(first, second);
        if (fiber && round % 3 == 0) this_fiber::yield();
        EXPECT_EQ(first, second);
        --readers;
      }
    };
    Threads threads;
    std::vector<Fiber> fibers;
    for (int i = 0; i < 4; ++i) {
      fibers.emplace_back(write, true);
      fibers.emplace_back(read, true);
    }
    threads.start([&] { write(false); });
    threads.start([&] { read(false); });
    fibers.clear();
    threads.join();
    EXPECT_EQ(first, 5U * 300);
    EXPECT_TRUE(mutex.try_lock());
  });
}

TEST_P(SharedMutexUnder, LetsReadersInTogether) {
  passes([] {
    SharedMutex mutex;
    Latch inside(5);  // opens only if all are in at once
    const auto read = [&] {
      const std::shared_lock lock(mutex);
      inside.arrive_and_wait();
    };
    mutex.lock();
    Threads threads;
    std::vector<Fiber> fibers;
    for (int i = 0; i < 3; ++i) fibers.emplace_back(read);
    threads.start(read);
    threads.start(read);
    this_fiber::yield();
    mutex.unlock();
    fibers.clear();
    threads.join();
    EXPECT_TRUE(mutex.try_lock());
  });
}

/// Runs three fibers that are inside by turns, with at least one always in, until `done`.
template <class Lock>
std::vector<Fiber> keep_busy(SharedMutex& mutex, const bool& done) {
  std::vector<Fiber> fibers;
  for (int i = 0; i < 3; ++i) {
    fibers.emplace_back([&] {
      for (int round = 0; !done && round < 100'000; ++round) {
        const Lock lock(mutex);
        this_fiber::yield();
      }
      EXPECT_TRUE(done);
    });
  }
  this_fiber::yield();
  return fibers;
}

TEST(SharedMutex, LetsAWriterInAmongReaders) {
  on_one_processor([] {
    SharedMutex mutex;
    bool done = false;
    const std::vector<Fiber> readers = keep_busy<std::shared_lock<SharedMutex>>(mutex, done);
    for (int i = 0; i < 10; ++i) {
      const std::lock_guard lock(mutex);
    }
    done = true;
  });
}

TEST(SharedMutex, LetsAReaderInAmongWriters) {
  on_one_processor([] {
    SharedMutex mutex;
    bool done = false;
    const std::vector<Fiber> writers = keep_busy<std::unique_lock<SharedMutex>>(mutex, done);
    for (int i = 0; i < 10; ++i) {
      const std::shared_lock lock(mutex);
    }
    done = true;
  });
}

TEST(SharedMutex, WorksWithTheStandardLocks) {
  SharedMutex mutex;
  Mutex other;
  {
    const std::scoped_lock both(mutex, other);
    EXPECT_FALSE(mutex.try_lock());
    EXPECT_FALSE(mutex.try_lock_shared());
  }
  {
    const std::shared_lock first(mutex);
    const std::shared_lock second(mutex, std::try_to_lock);
    EXPECT_TRUE(second.owns_lock());
    EXPECT_FALSE(mutex.try_lock());
  }
  const std::unique_lock last(mutex, std::try_to_lock);
  EXPECT_TRUE(last.owns_lock());
}

TEST(SharedMutex, UnlockingAFreeOneEndsTheProcess) {
  ends_with_a_message([] { SharedMutex().unlock(); }, "heddle::SharedMutex::unlock: ");
}

TEST(SharedMutex, UnlockingAFreeOneAsAReaderEndsTheProcess) {
  ends_with_a_message([] { SharedMutex().unlock_shared(); }, "heddle::SharedMutex::unlock_shared: ");
}

}  // namespace
}  // namespace heddle::test
