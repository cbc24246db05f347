// Instrumented code on Windows: a thread's last error is the fiber's, also where a check has stopped it.
#include "runtime/child.hpp"
#include "runtime/scenario.hpp"
#include "runtime/storm.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <windows.h>
#include <atomic>
#include <chrono>
#include <vector>

namespace heddle::test {
namespace {

TEST(InstrumentedLastError, ComesBackAsItWas) {
  passes_in_child(
      [] {
        std::atomic<int> faults{0};
        run(config("cooperative", 2), [&faults] {
          const Storm storm(1, 2);
          std::vector<Fiber> fibers;
          for (DWORD id = 1; id <= 4; ++id) {
            fibers.emplace_back([id, &faults] {
              for (DWORD round = 0; stats().cooperative_preemptions < scaled(2000); ++round) {
                const DWORD error = 1'000'000 * id + round % 1'000'000;
                SetLastError(error);
                for (int turn = 0; turn < 1000; ++turn) asm volatile("");
                if (GetLastError() != error) ++faults;
              }
            });
          }
          fibers.clear();
        });
        EXPECT_EQ(faults, 0);
      },
      std::chrono::seconds(60));
}

}  // namespace
}  // namespace heddle::test
