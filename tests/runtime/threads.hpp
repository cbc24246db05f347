// Threads: ordinary threads beside fibers, joined without blocking the worker of the fiber that joins them.
#pragma once

#include <heddle/wait_group.hpp>

#include <thread>
#include <utility>
#include <vector>

namespace heddle::test {

class Threads {
 public:
  Threads() = default;
  ~Threads() { join(); }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

  template <class F>
  void start(F function) {
    running_.add();
    threads_.emplace_back([this, function = std::move(function)] {
      function();
      running_.done();
    });
  }

  /// Parks the fiber until all have ended: std::thread::join would keep its worker from running what the threads wait
  /// for.
  void join() {
    running_.wait();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

 private:
  WaitGroup running_;
  std::vector<std::thread> threads_;
};

}  // namespace heddle::test
