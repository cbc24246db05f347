// Boost.Fiber as the benchmarks see it, set up to be fast: its default round robin on one processor, which needs no
// synchronisation, and its shared queue without sleeping on two. Stacks come from a pool, as Heddle's do, where that
// is allowed: Boost's pool is for one thread.
#pragma once

#include <boost/fiber/all.hpp>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace heddle::bench {

struct BoostLibrary {
  static constexpr const char* kName = "Boost.Fiber";
  static constexpr std::size_t kStackSize = 64 * 1024;  // Heddle's default

  using Fiber = boost::fibers::fiber;
  using Mutex = boost::fibers::mutex;
  using Unbuffered = boost::fibers::unbuffered_channel<int>;
  using Buffered = boost::fibers::buffered_channel<int>;

  template <class F>
  static void run(unsigned processors, F body) {
    // Threads of its own: a scheduler stays with its thread for good.
    std::thread([&] {
      if (processors == 1) {
        run_on_one(body);
      } else {
        run_on_two(body);
      }
    }).join();
  }

  template <class F>
  static Fiber spawn(F body) {
    if (pool()) return Fiber(std::allocator_arg, *pool(), std::move(body));
    return Fiber(std::allocator_arg, boost::fibers::fixedsize_stack(kStackSize), std::move(body));
  }

  static void yield() { boost::this_fiber::yield(); }

  template <class Channel>
  static void send(Channel& channel, int value) {
    channel.push(value);
  }

  template <class Channel>
  static bool receive(Channel& channel, int& value) {
    return channel.pop(value) == boost::fibers::channel_op_status::success;
  }

 private:
  using Pool = boost::fibers::pooled_fixedsize_stack;

  /// Stacks for the fibers of a run on one processor.
  static std::optional<Pool>& pool() {
    static std::optional<Pool> pool;
    return pool;
  }

  template <class F>
  static void run_on_one(F& body) {
    pool().emplace(kStackSize);
    body();
    pool().reset();
  }

  template <class F>
  static void run_on_two(F& body) {
    boost::fibers::use_scheduling_algorithm<boost::fibers::algo::shared_work>();
    Mutex mutex;
    boost::fibers::condition_variable_any ended;
    bool done = false;
    std::thread second([&] {
      boost::fibers::use_scheduling_algorithm<boost::fibers::algo::shared_work>();
      std::unique_lock lock(mutex);
      ended.wait(lock, [&] { return done; });
    });
    body();
    {
      const std::lock_guard lock(mutex);
      done = true;
    }
    ended.notify_all();
    second.join();
  }
};

}  // namespace heddle::bench
