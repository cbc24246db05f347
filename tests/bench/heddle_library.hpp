// Heddle as the benchmarks see it: with the configuration of the user but for the number of processors, so preemption
// is on.
#pragma once

#include <heddle/heddle.hpp>

#include <utility>

namespace heddle::bench {

struct HeddleLibrary {
  static constexpr const char* kName = "Heddle";

  using Fiber = heddle::Fiber;
  using Mutex = heddle::Mutex;
  using Unbuffered = heddle::Channel<int>;
  using Buffered = heddle::Channel<int>;

  template <class F>
  static void run(unsigned processors, F body) {
    Config config = Config::find();
    config.scheduler.processors = processors;
    heddle::run(config, body);
  }

  template <class F>
  static Fiber spawn(F body) {
    return Fiber(std::move(body));
  }

  static void yield() { this_fiber::yield(); }

  template <class Channel>
  static void send(Channel& channel, int value) {
    channel.send(std::move(value));
  }

  template <class Channel>
  static bool receive(Channel& channel, int& value) {
    const std::optional<int> received = channel.receive();
    if (received) value = *received;
    return received.has_value();
  }
};

}  // namespace heddle::bench
