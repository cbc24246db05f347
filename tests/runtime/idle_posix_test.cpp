// A process whose fibers all wait uses no processor time, whatever they wait for.
#include "runtime/child.hpp"
#include "runtime/scenario.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <mutex>
#include <string>
#include <vector>

#include <sys/resource.h>

namespace heddle::test {
namespace {

using std::chrono::milliseconds;

/// Of all threads of the process, in ms.
double processor_time() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto ms = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_usec) / 1e3;
  };
  return ms(usage.ru_utime) + ms(usage.ru_stime);
}

// What was seen is a tenth of this; an emulator has work of its own.
double most_ms() {
  return std::getenv("HEDDLE_TEST_EMULATOR") ? 500 : 50;
}

/// What the waiters wait for, and how to let them go.
struct Place {
  Mutex mutex;
  ConditionVariable condition;
  Channel<int> channel;
  Channel<int> full{1};
  WaitGroup group{1};
  bool over = false;
};

struct Wait {
  const char* name;
  std::function<void(Place& place)> wait;
};

const std::vector<Wait>& waits() {
  static const std::vector<Wait> all{
      {"receive", [](Place& place) { place.channel.receive(); }},
      {"send", [](Place& place) { place.full.send(1); }},
      {"mutex", [](Place& place) { const std::lock_guard lock(place.mutex); }},
      {"wait_group", [](Place& place) { place.group.wait(); }},
      {"condition_variable",
       [](Place& place) {
         Mutex own;
         std::unique_lock lock(own);
         while (!place.over) place.condition.wait(lock);
       }},
      {"condition_variable_with_limit",
       [](Place& place) {
         Mutex own;
         std::unique_lock lock(own);
         while (!place.over) place.condition.wait_for(lock, std::chrono::hours(1));
       }},
      {"join", [](Place& place) { Fiber([&] { place.group.wait(); }).join(); }},
      {"timer",
       [](Place& place) {
         const Timer timer(std::chrono::hours(1), [] {});
         place.group.wait();
       }},
  };
  return all;
}

/// Two fibers wait for each of `kinds` while the main fiber sleeps.
void idle_for(milliseconds duration, const std::vector<Wait>& kinds) {
  run(config(kPreemptive, 2), [&] {
    Place place;
    place.full.send(0);
    place.mutex.lock();
    std::vector<Fiber> fibers;
    for (const Wait& kind : kinds) {
      for (int i = 0; i < 2; ++i) fibers.emplace_back([&] { kind.wait(place); });
    }
    this_fiber::sleep_for(milliseconds(50));  // until all wait
    const double before = processor_time();
    this_fiber::sleep_for(duration);
    const double used = processor_time() - before;
    EXPECT_LT(used, most_ms()) << "in " << duration.count() << " ms of rest";
    std::cout << "used " << used << " ms" << std::endl;
    place.over = true;
    place.mutex.unlock();
    place.channel.close();
    place.full.close();
    place.group.done();
    place.condition.notify_all();
  });
}

TEST(Idle, FiveSecondsCostNoTime) {
  passes_in_child([] { idle_for(milliseconds(5'000), waits()); }, std::chrono::seconds(20));
}

class IdleIn : public testing::TestWithParam<std::size_t> {};

TEST_P(IdleIn, OneKindOfWaitCostsNoTime) {
  passes_in_child([] { idle_for(milliseconds(500), {waits()[GetParam()]}); });
}

INSTANTIATE_TEST_SUITE_P(, IdleIn, testing::Range(std::size_t{0}, waits().size()),
                         [](const auto& info) { return std::string(waits()[info.param].name); });

}  // namespace
}  // namespace heddle::test
