// R35: two fibers lock their threads at the same instant while the world is stopped again and again, and there is work for others. Whoever
// runs that needs a worker; a locked thread is not to start one, and whoever is to start it in its place must not wait for the world.
//
// The race is in how a process begins, so each test is one. As a stress test there are a hundred.
#include "runtime/child.hpp"
#include "runtime/scenario.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <atomic>
#include <vector>

namespace heddle::test {
namespace {

#ifdef LOCK_RACE_STRESS
constexpr int kProcesses = 100;
#else
constexpr int kProcesses = 6;
#endif

class LockRace : public testing::TestWithParam<int> {};

TEST_P(LockRace, NeverLeavesWorkWithoutAWorker) {
  passes_in_child(
      [] {
        run(config(kPreemptive, GetParam() % 3 == 0 ? 1 : 4), [] {
          std::atomic<bool> over{false};
          Fiber stopper([&] {
            while (!over) const StoppedWorld world;
          });
          for (int round = 0; round < 5; ++round) {
            std::atomic<int> there{0};
            std::vector<Fiber> fibers;
            for (int i = 0; i < 2; ++i) {
              fibers.emplace_back([&] {
                ++there;
                while (there != 2) spin(10);
                Fiber work([] {});
                lock_thread_for_good();  // never released: the thread ends with the fiber
                this_fiber::yield();
                work.join();
              });
            }
          }
          over = true;
        });
      },
      std::chrono::seconds(30));
}

INSTANTIATE_TEST_SUITE_P(Process, LockRace, testing::Range(0, kProcesses));

}  // namespace
}  // namespace heddle::test
