// The scheduler at its outermost limits: a million fibers parked at once, a thousand processors that all work at the same time.
#include "runtime/child.hpp"
#include "runtime/scenario.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <fstream>
#include <iostream>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace heddle::test {
namespace {

/// A line of /proc that begins with `key`, in bytes; 0 where there is none.
std::uint64_t bytes_of(const char* file, const std::string& key) {
  std::ifstream in(file);
  for (std::string word; in >> word;) {
    std::uint64_t kilobytes = 0;
    if (word == key && in >> kilobytes) return kilobytes << 10;
  }
  return 0;
}

TEST(Million, FibersAreParkedAtOnceAndWoken) {
  const std::size_t fibers = scaled(1'000'000);
  static constexpr std::uint64_t kBytesEach = 4'608;  // its page, and what little is for all of them
  if (sizeof(void*) < 8) GTEST_SKIP() << "a million stacks do not fit into an address space of 4 GiB";
  const std::uint64_t available = bytes_of("/proc/meminfo", "MemAvailable:");
  if (available < 2 * kBytesEach * fibers)
    GTEST_SKIP() << "wants " << (2 * kBytesEach * fibers >> 20) << " MiB of free memory, and there are " << (available >> 20);
  const Outcome outcome = in_child(
      [fibers] {
        Config small = config(kPreemptive, 2);
        small.stack.size = 16 << 10;
        small.stack.guard = false;  // a guard costs kernels older than 6.13 a mapping, and they allow 65,530
        std::atomic<std::size_t> woken{0};
        run(small, [&] {
          Channel<int> gate;
          WaitGroup done(static_cast<std::int64_t>(fibers));
          const std::uint64_t before = bytes_of("/proc/self/status", "VmRSS:");
          for (std::size_t i = 0; i < fibers; ++i) {
            Fiber([&] {
              gate.receive();
              ++woken;
              done.done();
            }).detach();
          }
          while (stats().idle_processors == 0) this_fiber::yield();  // every one has come to the gate
          const std::uint64_t each = (bytes_of("/proc/self/status", "VmRSS:") - before) / fibers;
          EXPECT_EQ(stats().fibers, fibers + 1);
          EXPECT_EQ(woken, 0U);
          EXPECT_LT(each, kBytesEach);
          const std::int64_t start = nanotime();
          gate.close();
          done.wait();
          std::cout << "a parked fiber takes " << each << " bytes; " << fibers << " were woken and ended in "
                    << (nanotime() - start) / 1'000'000 << " ms" << std::endl;
        });
        EXPECT_EQ(woken, fibers);
      },
      std::chrono::seconds(240));
  EXPECT_EQ(outcome.exit_code, 0) << describe(outcome);
  std::cout << outcome.out.substr(outcome.out.find("a parked") == std::string::npos ? 0 : outcome.out.find("a parked"));
}

// Under `none`, where nobody takes a processor from a thread that blocks, they only ever meet if every processor has a worker that runs
// one of them.
TEST(ThousandProcessors, AllWorkAtOnce) {
  passes_in_child(
      [] {
        // A thread's stack takes 8 MiB of the address space; in one of 32 bits there is no room for a thousand.
        constexpr int kProcessors = sizeof(void*) == 8 ? 1024 : 128;
        std::mutex mutex;
        std::condition_variable all_there;
        int there = 0, met = 0;  // guarded by mutex
        run(config("none", kProcessors), [&] {
          std::vector<Fiber> fibers;
          const auto meet = [&] {
            std::unique_lock lock(mutex);
            if (++there == kProcessors) all_there.notify_all();
            all_there.wait(lock, [&] { return there == kProcessors; });
            ++met;
          };
          for (int fiber = 1; fiber < kProcessors; ++fiber) fibers.emplace_back(meet);
          meet();
        });
        EXPECT_EQ(met, kProcessors);
      },
      std::chrono::seconds(120));
}

}  // namespace
}  // namespace heddle::test
