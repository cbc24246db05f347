// A thread pool that knows nothing of fibers, as many libraries have one. Its threads complete work by Channel::send, which any thread may
// call, and run a completion handler of ours, which becomes a fiber by heddle::callback.
#include <heddle/heddle.hpp>

#include <condition_variable>
#include <functional>
#include <iostream>
#include <mutex>
#include <optional>
#include <queue>
#include <thread>
#include <vector>

namespace {

class ThreadPool {
 public:
  explicit ThreadPool(int threads) {
    for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
  }
  ~ThreadPool() {
    {
      const std::lock_guard lock(mutex_);
      ends_ = true;
    }
    changed_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

  void submit(std::function<void()> task) {
    const std::lock_guard lock(mutex_);
    tasks_.push(std::move(task));
    changed_.notify_one();
  }

 private:
  void work() {
    for (std::unique_lock lock(mutex_);;) {
      changed_.wait(lock, [this] { return ends_ || !tasks_.empty(); });
      if (tasks_.empty()) return;
      std::function<void()> task = std::move(tasks_.front());
      tasks_.pop();
      lock.unlock();
      task();
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::queue<std::function<void()>> tasks_;
  bool ends_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace

int main() {
  return heddle::run([] {
    std::optional<ThreadPool> pool(std::in_place, 4);
    constexpr int kTasks = 100;

    // The pool's thread sends the result itself.
    heddle::Channel<int> squares(kTasks);
    for (int i = 1; i <= kTasks; ++i) pool->submit([&, i] { squares.send(i * i); });
    int sum = 0;
    for (int i = 0; i < kTasks; ++i) sum += *squares.receive();

    // Inside callback() the pool's thread runs a fiber: one that waits, starts others, and sleeps without keeping anybody from running.
    heddle::WaitGroup done;
    heddle::Mutex mutex;
    int cubes = 0;
    done.add(kTasks);
    for (int i = 1; i <= kTasks; ++i) {
      pool->submit([&, i] {
        heddle::callback([&] {
          int cube = 0;
          heddle::Fiber([&] { cube = i * i * i; }).join();
          {
            const std::lock_guard lock(mutex);
            cubes += cube;
          }
          done.done();
        });
      });
    }
    done.wait();
    std::cout << "squares add up to " << sum << ", cubes to " << cubes << std::endl;

    heddle::blocking([&] { pool.reset(); });  // joins its threads
  });
}
