// LockThread: the fiber and its thread belong together, and go together.
#include "runtime/child.hpp"
#include "runtime/each_strategy.hpp"
#include "runtime/scenario.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <atomic>
#include <optional>
#include <set>
#include <thread>
#include <vector>

namespace heddle::test {
namespace {

class LockedThread : public WithStrategy {};

TEST_P(LockedThread, KeepsTheFiberOnItAndOthersOffIt) {
  passes_in_child(
      [] {
        run(configured(), [] {
          constexpr int kFibers = 4;
          std::atomic<std::uintptr_t> locked[kFibers]{};
          std::atomic<bool> stop{false};
          std::vector<Fiber> others;
          for (int i = 0; i < 4; ++i) {
            others.emplace_back([&] {
              while (!stop) {
                for (auto& thread : locked) EXPECT_NE(this_thread(), thread.load());
                this_fiber::yield();
              }
            });
          }
          std::vector<Fiber> fibers;
          for (int i = 0; i < kFibers; ++i) {
            fibers.emplace_back([&, i] {
              {
                const LockThread lock;
                const std::uintptr_t mine = this_thread();
                locked[i] = mine;
                for (std::size_t round = 0; round < scaled(200); ++round) {
                  this_fiber::yield();
                  if (round % 16 == 0) this_fiber::sleep_for(std::chrono::microseconds(50));
                  EXPECT_EQ(this_thread(), mine);
                }
                locked[i] = 0;
              }
              this_fiber::yield();
            });
          }
          fibers.clear();
          stop = true;
        });
      },
      std::chrono::seconds(60));
}

TEST_P(LockedThread, Nests) {
  passes_in_child([] {
    run(configured(), [] {
      Fiber([] {
        std::optional<LockThread> first(std::in_place);
        const std::uintptr_t mine = this_thread();
        {
          const LockThread second;
          this_fiber::yield();
          EXPECT_EQ(this_thread(), mine);
        }
        Fiber([] {}).join();
        EXPECT_EQ(this_thread(), mine);
        foreign_call([&] {
          callback([&] {
            this_fiber::yield();
            EXPECT_EQ(this_thread(), mine);
          });
        });
        first.reset();
      }).join();
    });
  });
}

// I2.9.
TEST_P(LockedThread, EndsWithAFiberThatEndsLocked) {
  passes_in_child(
      [] {
        run(configured(), [] {
          std::set<std::uintptr_t> gone;
          for (std::size_t round = 0; round < scaled(100); ++round) {
            std::uintptr_t thread = 0;
            Fiber([&] {
              lock_thread_for_good();
              thread = this_thread();
              this_fiber::yield();
            }).join();
            gone.insert(thread);
          }
          // A thread that ends has handed its processor over before it is not counted any more.
          while (stats().workers > 2 * stats().processors + 4) this_fiber::yield();
        });
      },
      std::chrono::seconds(60));
}

TEST_P(LockedThread, MainMayEndLocked) {
  passes_in_child([] {
    for (int round = 0; round < 10; ++round) {
      run(configured(), [] {
        lock_thread_for_good();
        Fiber([] { this_fiber::yield(); }).join();
      });
    }
  });
}

// --- Nestings of locks and callbacks, R37: the thread is locked at one point of a way into foreign code and back, and unlocked at any later
// one or not at all.

class Way {
 public:
  Way(int lock_at, int unlock_at, bool throws = false) : lock_at_(lock_at), unlock_at_(unlock_at), throws_(throws) {}

  static constexpr int kPoints = 9;

  void go() {
    may_wait();
    try {
      foreign_call([this] {
        reach();
        callback([this] { go_on(); });
        reach();
      });
    } catch (int) {
      point_ = kPoints - 1;
    }
    may_wait();
    EXPECT_EQ(point_, kPoints);
  }

 private:
  void go_on() {
    ++callbacks_;
    may_wait();
    foreign_call([this] {
      reach();
      callback([this] {
        may_wait();
        if (throws_ && --callbacks_ == 0) throw 1;
      });
      reach();
    });
    may_wait();
    --callbacks_;
  }

  void reach() {
    ++point_;
    if (point_ == lock_at_) {
      guard_ = lock_thread_for_good();
      locked_ = this_thread();
    }
    if (point_ == unlock_at_) {
      if (guard_) guard_->~LockThread();
      guard_ = nullptr;
    }
    if (guard_) {
      EXPECT_EQ(this_thread(), locked_);
    }
  }

  void may_wait() {
    reach();
    const std::uintptr_t before = this_thread();
    this_fiber::yield();
    Fiber([] {}).join();
    if (guard_ || callbacks_ != 0) {
      EXPECT_EQ(this_thread(), before) << "locked at " << lock_at_ << ", unlocked at " << unlock_at_ << ", now at " << point_;
    }
  }

  const int lock_at_;
  const int unlock_at_;
  const bool throws_;
  LockThread* guard_ = nullptr;
  std::uintptr_t locked_ = 0;
  int callbacks_ = 0;
  int point_ = 0;
};

TEST_P(LockedThread, MayBeLockedAndUnlockedAnywhereOnAWayIntoForeignCode) {
  passes_in_child(
      [] {
        run(configured(), [] {
          for (int lock_at = 1; lock_at <= Way::kPoints; ++lock_at) {
            std::vector<Fiber> fibers;
            for (int unlock_at = lock_at; unlock_at <= Way::kPoints + 1; ++unlock_at)
              fibers.emplace_back([=] { Way(lock_at, unlock_at).go(); });
          }
        });
      },
      std::chrono::seconds(60));
}

// The foreign code is left by an exception; what it has locked stays locked.
TEST_P(LockedThread, StaysLockedByWhatAnExceptionLeaves) {
  passes_in_child(
      [] {
        run(configured(), [] {
          for (int lock_at = 1; lock_at <= 5; ++lock_at) {
            for (const int unlock_at : {5, Way::kPoints, Way::kPoints + 1})
              Fiber([=] { Way(lock_at, unlock_at, true).go(); }).join();
          }
        });
      },
      std::chrono::seconds(60));
}

// On a thread of its own a callback takes its locks along when it ends.
TEST_P(LockedThread, MayBeLockedAnywhereInCallbacksOfOtherThreads) {
  passes_in_child(
      [] {
        run(configured(), [] {
          std::thread thread([] {
            const LockThread nothing;
            for (int lock_at = 1; lock_at <= Way::kPoints; ++lock_at) {
              for (int unlock_at = lock_at; unlock_at <= Way::kPoints + 1; ++unlock_at) {
                callback([=] { Way(lock_at, unlock_at).go(); });
                EXPECT_EQ(callback([] { return 1; }), 1);
              }
            }
          });
          blocking([&] { thread.join(); });
          EXPECT_EQ(stats().borrowed_workers, 1U);
        });
      },
      std::chrono::seconds(60));
}

class LockedThreadMisuse : public testing::TestWithParam<int> {};

TEST_P(LockedThreadMisuse, WaitingInForeignCodeEndsTheProcess) {
  static void (*const bodies[])() = {
      [] {
        const LockThread lock;
        foreign_call([] { this_fiber::yield(); });
      },
      [] {
        foreign_call([] {
          const LockThread lock;
          Channel<int> never;
          Fiber([&] { never.receive(); }).join();
        });
      },
      [] {
        foreign_call([] {
          callback([] {
            const LockThread lock;
            foreign_call([] { this_fiber::sleep_for(std::chrono::milliseconds(1)); });
          });
        });
      },
      [] {
        std::thread([] {
          callback([] {
            const LockThread lock;
            foreign_call([] { this_fiber::yield(); });
          });
        }).join();
      },
  };
  const Outcome outcome = in_child([] { run(config(kPreemptive, 2), bodies[GetParam()]); });
  EXPECT_FALSE(outcome.timed_out);
  EXPECT_EQ(outcome.exit_code, 2) << describe(outcome);
  EXPECT_NE(outcome.err.find("schedule: in foreign call"), std::string::npos) << describe(outcome);
}

INSTANTIATE_TEST_SUITE_P(Nesting, LockedThreadMisuse, testing::Range(0, 4));

INSTANTIATE_TEST_SUITE_P(Under, LockedThread, none_and_preemptive(), strategy_name);

}  // namespace
}  // namespace heddle::test
