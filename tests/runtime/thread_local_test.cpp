// Under resume policy `same-thread` code that knows nothing of fibers may use thread-locals and errno: a fiber that
// was stopped between two instructions goes on on its own thread, and nobody else has run there meanwhile.
#include "runtime/child.hpp"
#include "runtime/hammer.hpp"
#include "runtime/scenario.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <atomic>
#include <cerrno>
#include <vector>

namespace heddle::test {
namespace {

constexpr int kFibers = 12;

TEST(ThreadLocal, StaysTheFibersOwnUnderSameThreadPreemption) {
  passes_in_child(
      [] {
        HammerFaults faults;
        Config often = config(kPreemptive, 4, Resume::kSameThread);
        often.preempter.quantum = std::chrono::microseconds(200);  // a stretch lasts a millisecond or so
        run(often, [&] {
          const std::uint64_t wanted = scaled(200);
          std::vector<Fiber> fibers;
          for (std::uint64_t id = 0; id < kFibers; ++id) {
            fibers.emplace_back([id, wanted, &faults] {
              for (std::uint64_t round = 0; stats().preemptions < wanted; ++round) {
                hammer(id << 40 | round << 20, 100'000, faults);
                this_fiber::yield();
              }
            });
          }
        });
        EXPECT_EQ(faults.words, 0U);
        EXPECT_EQ(faults.errors, 0U);
      },
      std::chrono::seconds(50));
}

TEST(ThreadLocal, AddressIsTheSameAfterEachPreemption) {
  passes_in_child([] {
    std::atomic<int> moved{0};
    run(config(kPreemptive, 4, Resume::kSameThread), [&] {
      std::vector<Fiber> fibers;
      for (int id = 0; id < kFibers; ++id) {
        fibers.emplace_back([&] {
          const std::uintptr_t thread = this_thread();
          for (int round = 0; round < 100; ++round) {
            spin(500'000);
            if (this_thread() != thread) ++moved;
          }
        });
      }
      for (Fiber& fiber : fibers) fiber.join();
      EXPECT_GT(stats().preemptions, 0U);
    });
    EXPECT_EQ(moved, 0);
  });
}

}  // namespace
}  // namespace heddle::test
