// Threads: ordinary threads beside fibers, joined without blocking the worker of the fiber that joins them.
#pragma once

#include <heddle/wait_group.hpp>

#include <condition_variable>
#include <mutex>
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

/// Opens once; who waits for it blocks his thread.
class Gate {
 public:
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return open_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
};

/// As std::barrier, for ordinary threads. That of libstdc++ 12 loses wake-ups on Windows.
class Meeting {
 public:
  explicit Meeting(int expected) : expected_(expected), missing_(expected) {}

  void arrive_and_wait() {
    std::unique_lock lock(mutex_);
    const int round = round_;
    if (--missing_ == 0) {
      missing_ = expected_;
      ++round_;
      changed_.notify_all();
    }
    changed_.wait(lock, [&] { return round_ != round; });
  }

 private:
  const int expected_;
  std::mutex mutex_;
  std::condition_variable changed_;
  int missing_;  // guarded by mutex_, and so is
  int round_ = 0;
};

}  // namespace heddle::test
