// Heddle as the bodies see it: with the configuration of the user but for the number of processors, so preemption is on.
#pragma once

#include <heddle/heddle.hpp>

#include <utility>

namespace heddle::bench {

struct HeddleLibrary {
  using Fiber = heddle::Fiber;
  using Mutex = heddle::Mutex;
  template <class T>
  using Unbuffered = heddle::Channel<T>;
  template <class T>
  using Buffered = heddle::Channel<T>;
  template <class T>
  using Temporary = heddle::Channel<T>;  // unbuffered, on the stack of its only receiver

  static Config config(unsigned processors) {
    Config config = Config::find();
    config.scheduler.processors = processors;
    return config;
  }

  template <class F>
  static void run(unsigned processors, F body) {
    heddle::run(config(processors), body);
  }

  template <class F>
  static Fiber spawn(F body) {
    return Fiber(std::move(body));
  }

  static void yield() { this_fiber::yield(); }
  static void checkpoint() { this_fiber::checkpoint(); }
  template <class Duration>
  static void sleep_for(Duration duration) {
    this_fiber::sleep_for(duration);
  }

  template <class T>
  static void send(Channel<T>& channel, T value) {
    channel.send(std::move(value));
  }

  template <class T>
  static bool receive(Channel<T>& channel, T& value) {
    const std::optional<T> received = channel.receive();
    if (received) value = *received;
    return received.has_value();
  }
};

}  // namespace heddle::bench
