// What the tools' tests look at: fibers that are parked in known places, on one processor, while main is in tools_stop().
#include <heddle/heddle.hpp>

#include <chrono>
#include <cstdlib>
#include <mutex>

using namespace std::chrono_literals;

namespace {

volatile int sink = 0;

}  // namespace

// Frames that a backtrace is looked through for: kept apart and findable by name.
extern "C" {

[[gnu::noinline]] void tools_stop() {
  asm volatile("");
}

[[gnu::noinline]] void tools_spin() {
  for (;;) sink = sink + 1;
}

[[gnu::noinline]] void tools_sleep() {
  heddle::this_fiber::sleep_for(1h);
  asm volatile("");
}

[[gnu::noinline]] void tools_receive(heddle::Channel<int>& channel) {
  const int known_local = 4711;
  sink = known_local + channel.receive().value_or(0);
}

[[gnu::noinline]] void tools_lock(heddle::Mutex& mutex) {
  std::lock_guard lock(mutex);
  asm volatile("");
}

}  // extern "C"

int main() {
  heddle::Config config = heddle::Config::find();
  config.scheduler.processors = 1;
  heddle::run(config, [] {
    heddle::Channel<int> channel;
    heddle::Mutex mutex;
    mutex.lock();
    heddle::Fiber ended({.name = "ended"}, [] {});
    heddle::Fiber sleeper({.name = "sleeper"}, tools_sleep);
    heddle::Fiber receiver({.name = "receiver"}, [&] { tools_receive(channel); });
    heddle::Fiber locker({.name = "locker"}, [&] { tools_lock(mutex); });
    for (int i = 0; i < 10; ++i) heddle::this_fiber::yield();
    heddle::Fiber spinner({.name = "spinner"}, tools_spin);
    while (heddle::stats().preemptions == 0) heddle::this_fiber::yield();
    heddle::Fiber fresh({.name = "fresh"}, tools_sleep);
    tools_stop();
    std::_Exit(0);
  });
}
