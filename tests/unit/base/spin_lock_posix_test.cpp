// SpinLock: who naps before it gets the lock gets it, however often signals wake the thread.
#include <heddle/detail/wait_list.hpp>

#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <thread>

namespace heddle {
namespace {

TEST(SpinLock, IsTakenWhileSignalsComeAllTheTime) {
  static std::atomic<std::uint64_t> handled;
  handled = 0;
  struct sigaction counts {};
  counts.sa_handler = [](int) { ++handled; };
  ASSERT_EQ(sigaction(SIGUSR1, &counts, nullptr), 0);
  std::array<detail::SpinLock, 2> locks;
  for (int round = 0; round < 200; ++round) {
    locks[0].lock();
    std::atomic<bool> taken{false};
    std::thread taker([&] {
      const std::lock_guard lock(locks[0]);
      taken = true;
      const std::lock_guard stays(locks[1]);  // alive until no more signals are sent
    });
    locks[1].lock();
    const std::uint64_t before = handled;
    while (handled < before + 100) pthread_kill(taker.native_handle(), SIGUSR1);  // it naps by now
    locks[0].unlock();
    while (!taken) pthread_kill(taker.native_handle(), SIGUSR1);
    locks[1].unlock();
    taker.join();
  }
}

}  // namespace
}  // namespace heddle
