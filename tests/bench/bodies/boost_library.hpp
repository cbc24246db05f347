// Boost.Fiber as the bodies see it, set up to be fast: its default round robin on one processor, which needs no synchronisation, and its
// shared queue on two. Stacks come from malloc: Boost's pool is for one thread, and needs two pages for a fiber where malloc mostly needs one.
#pragma once

#include <malloc.h>

#include <boost/fiber/all.hpp>
#include <limits>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

namespace heddle::bench {

struct BoostLibrary {
  static constexpr std::size_t kStackSize = 64 * 1024;  // Heddle's default

  using Fiber = boost::fibers::fiber;
  using Mutex = boost::fibers::mutex;
  template <class T>
  using Unbuffered = boost::fibers::unbuffered_channel<T>;
  template <class T>
  using Buffered = boost::fibers::buffered_channel<T>;

  /// An unbuffered channel that goes out of its receiver's use at once. It is never destroyed: push() asks it whether it was closed, after
  /// the receiver has the value.
  template <class T>
  class Temporary {
   public:
    operator Unbuffered<T>&() { return *channel_; }

   private:
    Unbuffered<T>* const channel_ = new Unbuffered<T>;
  };

  template <class F>
  static void run(unsigned processors, F body) {
    keep_freed_memory();
    if (processors == 1) {
      body();
    } else {
      run_on_two(body);
    }
  }

  template <class F>
  static Fiber spawn(F body) {
    return Fiber(std::allocator_arg, boost::fibers::fixedsize_stack(kStackSize), std::move(body));
  }

  static void yield() { boost::this_fiber::yield(); }
  template <class Duration>
  static void sleep_for(Duration duration) {
    boost::this_fiber::sleep_for(duration);
  }

  template <class Channel, class T>
  static void send(Channel& channel, T value) {
    channel.push(value);
  }

  template <class Channel, class T>
  static bool receive(Channel& channel, T& value) {
    return channel.pop(value) == boost::fibers::channel_op_status::success;
  }

 private:
  /// Stacks come from malloc, which would give the topmost back to the system and ask for them again.
  static void keep_freed_memory() { mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max()); }

  /// Threads without work sleep: those that spin were no faster, and take the processors from the others.
  static void share_work() { boost::fibers::use_scheduling_algorithm<boost::fibers::algo::shared_work>(true); }

  template <class F>
  static void run_on_two(F& body) {
    share_work();
    Mutex mutex;
    boost::fibers::condition_variable_any ended;
    bool done = false;
    std::thread second([&] {
      share_work();
      std::unique_lock lock(mutex);
      ended.wait(lock, [&] { return done; });
    });
    Fiber(body).join();  // the thread's first fiber stays on it, and is served last
    {
      const std::lock_guard lock(mutex);
      done = true;
    }
    ended.notify_all();
    second.join();
  }
};

}  // namespace heddle::bench
