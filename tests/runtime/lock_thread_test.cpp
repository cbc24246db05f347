// LockThread: the fiber and its thread belong together, and go together.
#include "runtime/child.hpp"
#include "runtime/scenario.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <atomic>
#include <optional>
#include <set>
#include <vector>

namespace heddle::test {
namespace {

class LockedThread : public testing::TestWithParam<std::tuple<std::string, std::uint32_t>> {
 protected:
  static Config configured() { return config(std::get<0>(GetParam()), std::get<1>(GetParam())); }
};

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
              new LockThread;  // never released
              thread = this_thread();
              this_fiber::yield();
            }).join();
            gone.insert(thread);
          }
          EXPECT_LE(stats().workers, 2 * stats().processors + 4);
        });
      },
      std::chrono::seconds(60));
}

TEST_P(LockedThread, MainMayEndLocked) {
  passes_in_child([] {
    for (int round = 0; round < 10; ++round) {
      run(configured(), [] {
        new LockThread;
        Fiber([] { this_fiber::yield(); }).join();
      });
    }
  });
}

INSTANTIATE_TEST_SUITE_P(Under, LockedThread,
                         testing::Combine(testing::Values(std::string("none"), std::string(kPreemptive)),
                                          testing::Values(1u, 2u, 4u)),
                         [](const auto& info) {
                           return std::get<0>(info.param) + "_" + std::to_string(std::get<1>(info.param));
                         });

}  // namespace
}  // namespace heddle::test
