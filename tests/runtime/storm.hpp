// Threads that ask processors to stop their fibers, without a pause: more preemption than any program will see.
#pragma once

#include "sched/test_hooks.hpp"

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace heddle::test {

/// Lasts until destruction; once made, some requests have been sent. REQUIRES: a run() is under way as long as it lives.
class Storm {
 public:
  explicit Storm(int requesters = 1, std::uint32_t processors = 1) {
    for (int index = 0; index < requesters; ++index) {
      threads_.emplace_back([this, processors] {
        while (!done_) {
          for (std::uint32_t processor = 0; processor < processors; ++processor)
            sched::testing::request_preemption(processor);
          ++sent_;
        }
      });
    }
    while (sent_ < 10U * static_cast<unsigned>(requesters)) std::this_thread::yield();
  }
  ~Storm() {
    done_ = true;
    for (std::thread& thread : threads_) thread.join();
  }
  Storm(const Storm&) = delete;
  Storm& operator=(const Storm&) = delete;

 private:
  std::atomic<bool> done_{false};
  std::atomic<std::uint64_t> sent_{0};
  std::vector<std::thread> threads_;
};

}  // namespace heddle::test
