// ThreadWatch: a thread that waits is told from one that computes, a fence orders plain stores, threads are counted.
#include <atomic>
#include <future>
#include <thread>

#include "fixture.hpp"

namespace conformance {
namespace {

class ThreadWatch : public Conformance {
 protected:
  // Runs `body` on a bound thread beside `watch`, which gets that thread.
  void beside(const std::function<void()>& body, const std::function<void(const HeddleThread&)>& watch) {
    HeddleThread thread{};
    std::promise<void> bound;
    std::thread other([&] {
      tls->bind(&thread);
      bound.set_value();
      body();
      tls->clear();
    });
    bound.get_future().wait();
    watch(thread);
    other.join();
  }
};

TEST_F(ThreadWatch, AThreadThatBlocksIsSeenToWait) {
  ASSERT_NE(thread_watch, nullptr);
  std::promise<void> go_on;
  beside([&] { go_on.get_future().wait(); },
         [&](const HeddleThread& thread) {
           uint64_t used = 0;
           while (thread_watch->waits(&thread, &used) != 1) std::this_thread::yield();
           EXPECT_NE(used, 0u);
           const uint64_t before = used;
           EXPECT_EQ(thread_watch->waits(&thread, &used), 1);
           EXPECT_EQ(used, before);
           go_on.set_value();
         });
}

TEST_F(ThreadWatch, AThreadThatComputesIsNot) {
  ASSERT_NE(thread_watch, nullptr);
  std::atomic<bool> stop{false};
  beside(
      [&] {
        while (!stop.load(std::memory_order_relaxed)) continue;
      },
      [&](const HeddleThread& thread) {
        uint64_t used = 0;
        // Looks far enough apart for it to have had a turn in between.
        for (int look = 0; look < 50; ++look) {
          while (thread_watch->waits(&thread, &used) != 0) std::this_thread::yield();
          std::this_thread::sleep_for(std::chrono::milliseconds(20));
        }
        stop = true;
      });
}

TEST_F(ThreadWatch, OfAThreadThatIsGoneItSaysNothing) {
  ASSERT_NE(thread_watch, nullptr);
  HeddleThread thread{};
  std::thread([&] {
    tls->bind(&thread);
    tls->clear();
  }).join();
  uint64_t used = 0;
  EXPECT_NE(thread_watch->waits(&thread, &used), 1);
}

// Dekker's algorithm with plain stores on one side and the fence on the other: never may both miss each other.
TEST_F(ThreadWatch, TheFenceOrdersThePlainStoresOfOthers) {
  ASSERT_NE(thread_watch, nullptr);
  ASSERT_EQ(thread_watch->fence(), HEDDLE_OK);
  constexpr int kRounds = 2000;
  std::atomic<int> mine{0}, theirs{0}, round{0}, seen_by_other{0};
  std::thread other([&] {
    for (int i = 1; i <= kRounds; ++i) {
      while (round.load(std::memory_order_acquire) < i) continue;
      theirs.store(i, std::memory_order_relaxed);
      std::atomic_signal_fence(std::memory_order_seq_cst);
      seen_by_other.store(mine.load(std::memory_order_relaxed) << 16 | i, std::memory_order_release);
    }
  });
  int missed = 0;
  for (int i = 1; i <= kRounds; ++i) {
    round.store(i, std::memory_order_release);
    mine.store(i, std::memory_order_relaxed);
    thread_watch->fence();
    const bool i_saw = theirs.load(std::memory_order_relaxed) == i;
    int other_saw;
    while (((other_saw = seen_by_other.load(std::memory_order_acquire)) & 0xffff) != i) continue;
    if (!i_saw && other_saw >> 16 != i) ++missed;
  }
  other.join();
  EXPECT_EQ(missed, 0);
}

TEST_F(ThreadWatch, CountsTheThreadsOfTheProcess) {
  ASSERT_NE(thread_watch, nullptr);
  const int32_t before = thread_watch->count();
  if (before == HEDDLE_E_UNSUPPORTED) GTEST_SKIP() << "the system does not tell how many there are";
  ASSERT_GE(before, 1);
  beside([] {}, [](const HeddleThread&) {});
  std::promise<void> go_on;
  beside([&] { go_on.get_future().wait(); },
         [&](const HeddleThread&) {
           EXPECT_EQ(thread_watch->count(), before + 1);
           go_on.set_value();
         });
}

}  // namespace
}  // namespace conformance
