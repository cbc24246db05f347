#include "runtime/random_program.hpp"

#include "runtime/child.hpp"
#include "runtime/scenario.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <array>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <iterator>
#include <memory>
#include <mutex>
#include <numeric>
#include <random>
#include <vector>

namespace heddle::test {
namespace {

constexpr std::size_t kLocks = 3;

using Counters = std::array<std::uint64_t, kLocks>;

std::uint64_t mix(std::uint64_t result, std::uint64_t value) {
  std::uint64_t x = result * 0x9e3779b97f4a7c15 + value;
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
  return x ^ x >> 27;
}

enum class Kind {
  kCompute,
  kYield,
  kCheckpoint,
  kSleep,
  kNoPreempt,
  kLock,
  kSpawn,
  kJoin,
  kGroup,
  kPipeline,
  kStream,
  kTimer,
  kGate,
  kLeave
};

struct Task;

struct Operation {
  Kind kind;
  std::uint64_t value;
  std::vector<std::unique_ptr<Task>> tasks{};  // kSpawn has one, kGroup several

  // Small numbers that an operation derives from its value.
  std::uint32_t part(int index, std::uint32_t below) const {
    return static_cast<std::uint32_t>(value >> 8 * index & 0xff) % below;
  }
};

struct Task {
  std::vector<Operation> operations;
  std::uint64_t result = 0;  // written by its fiber
};

// --- making a program

class Maker {
 public:
  explicit Maker(std::uint64_t seed) : random_(seed) {}

  std::unique_ptr<Task> task(int depth) {
    auto made = std::make_unique<Task>();
    const auto count = 2 + random_() % 7;
    for (std::uint64_t index = 0; index < count && budget_ > 0; ++index) made->operations.push_back(operation(depth));
    return made;
  }

 private:
  Operation operation(int depth) {
    static constexpr Kind kSimple[] = {Kind::kCompute,   Kind::kYield, Kind::kCheckpoint, Kind::kSleep,
                                       Kind::kNoPreempt, Kind::kLock,  Kind::kJoin};
    static constexpr Kind kAny[] = {Kind::kSpawn, Kind::kSpawn, Kind::kGroup, Kind::kPipeline, Kind::kStream,
                                    Kind::kTimer, Kind::kGate,  Kind::kLeave, Kind::kLock,     Kind::kCompute};
    --budget_;
    Operation made{
        depth == 0 || random_() % 2 == 0 ? kSimple[random_() % std::size(kSimple)] : kAny[random_() % std::size(kAny)],
        random_()};
    const std::uint32_t below = made.kind == Kind::kSpawn ? 1 : made.kind == Kind::kGroup ? 1 + made.part(0, 5) : 0;
    for (std::uint32_t index = 0; index < below; ++index) made.tasks.push_back(task(depth - 1));
    return made;
  }

  std::mt19937_64 random_;
  int budget_ = 60;
};

// --- the model

/// What one element of a channel is worth.
std::uint64_t element(const Operation& operation, std::uint64_t index) {
  return mix(operation.value, index) >> 8;
}

struct Pipe {
  explicit Pipe(const Operation& operation)
      : capacity(operation.part(0, 5)),
        producers(1 + operation.part(1, 4)),
        consumers(1 + operation.part(2, 4)),
        each(operation.part(3, 20)) {}
  std::uint32_t capacity, producers, consumers, each;
};

std::uint64_t model(Task& task, Counters& counters);

std::uint64_t model_of(Operation& operation, std::vector<std::uint64_t>& unjoined, std::uint64_t result, Counters& counters) {
  const Pipe pipe(operation);
  switch (operation.kind) {
    case Kind::kLock:
      counters[operation.part(0, kLocks)] += operation.value >> 32;
      return result;
    case Kind::kSpawn:
      unjoined.push_back(model(*operation.tasks[0], counters));
      return result;
    case Kind::kJoin:
      if (unjoined.empty()) return result;
      result = mix(result, unjoined.front());
      unjoined.erase(unjoined.begin());
      return result;
    case Kind::kGroup:
      for (auto& below : operation.tasks) result = mix(result, model(*below, counters));
      return result;
    case Kind::kPipeline: {
      std::uint64_t sum = 0;
      for (std::uint32_t index = 0; index < pipe.producers * pipe.each; ++index) sum += element(operation, index);
      return mix(result, sum);
    }
    case Kind::kStream:
      for (std::uint32_t index = 0; index < pipe.each; ++index) result = mix(result, element(operation, index));
      return result;
    case Kind::kLeave:
      return result;
    default:
      return mix(result, operation.value);
  }
}

std::uint64_t model(Task& task, Counters& counters) {
  std::uint64_t result = 0;
  std::vector<std::uint64_t> unjoined;
  for (Operation& operation : task.operations) result = model_of(operation, unjoined, result, counters);
  return std::accumulate(unjoined.begin(), unjoined.end(), result, mix);
}

// --- the program

class Program {
 public:
  std::uint64_t execute(Task& task) {
    std::uint64_t result = 0;
    std::vector<Child> unjoined;
    for (Operation& operation : task.operations) result = execute(operation, unjoined, result);
    for (Child& child : unjoined) result = mix(result, joined(child));
    return result;
  }

  const Counters& counters() const { return counters_; }

 private:
  struct Child {
    Fiber fiber;
    Task* task;
  };

  static std::uint64_t joined(Child& child) {
    child.fiber.join();
    return child.task->result;
  }

  Fiber start(Task& task) {
    return Fiber([this, &task] { task.result = execute(task); });
  }

  std::uint64_t execute(Operation& operation, std::vector<Child>& unjoined, std::uint64_t result) {
    switch (operation.kind) {
      case Kind::kLock:
        lock(operation);
        return result;
      case Kind::kSpawn:
        unjoined.push_back({start(*operation.tasks[0]), operation.tasks[0].get()});
        return result;
      case Kind::kJoin:
        if (unjoined.empty()) return result;
        result = mix(result, joined(unjoined.front()));
        unjoined.erase(unjoined.begin());
        return result;
      case Kind::kGroup:
        group(operation);
        for (const auto& below : operation.tasks) result = mix(result, below->result);
        return result;
      case Kind::kPipeline:
        return mix(result, pipeline(operation));
      case Kind::kStream:
        return stream(operation, result);
      case Kind::kLeave:
        leave_behind(operation);
        return result;
      default:
        return mix(result, alone(operation) ? operation.value : ~operation.value);
    }
  }

  /// Operations that add their value if all went well.
  static bool alone(const Operation& operation) {
    switch (operation.kind) {
      case Kind::kCompute:
        spin(operation.part(0, 256) * 200);
        return true;
      case Kind::kYield:
        this_fiber::yield();
        return true;
      case Kind::kCheckpoint:
        this_fiber::checkpoint();
        return true;
      case Kind::kSleep:
        this_fiber::sleep_for(std::chrono::microseconds(operation.part(0, 200)));
        return true;
      case Kind::kNoPreempt: {
        const this_fiber::NoPreempt guard;
        spin(operation.part(0, 256) * 200);
        return true;
      }
      case Kind::kTimer:
        return timer(operation);
      default:
        return gate(operation);
    }
  }

  void lock(const Operation& operation) {
    const std::size_t which = operation.part(0, kLocks);
    const std::lock_guard guard(locks_[which]);
    const std::uint64_t before = counters_[which];
    if (operation.part(1, 3) == 0) this_fiber::yield();
    if (operation.part(1, 3) == 1) spin(operation.part(2, 256) * 100);
    counters_[which] = before + (operation.value >> 32);
  }

  void group(Operation& operation) {
    WaitGroup group(static_cast<std::int64_t>(operation.tasks.size()));
    for (auto& below : operation.tasks) {
      Fiber([this, &group, task = below.get()] {
        task->result = execute(*task);
        group.done();
      }).detach();
    }
    group.wait();
  }

  /// Several send, several receive; who closes is the last that sends.
  static std::uint64_t pipeline(const Operation& operation) {
    const Pipe pipe(operation);
    Channel<std::uint64_t> channel(pipe.capacity);
    std::vector<std::uint64_t> sums(pipe.consumers, 0);
    WaitGroup sending(pipe.producers);
    std::vector<Fiber> fibers;
    for (std::uint32_t producer = 0; producer < pipe.producers; ++producer) {
      fibers.emplace_back([&, producer] {
        for (std::uint32_t index = 0; index < pipe.each; ++index)
          channel.send(element(operation, producer * pipe.each + index));
        sending.done();
      });
    }
    for (std::uint32_t consumer = 0; consumer < pipe.consumers; ++consumer) {
      fibers.emplace_back([&, consumer] {
        for (const std::uint64_t value : channel) sums[consumer] += value;
      });
    }
    sending.wait();
    channel.close();
    fibers.clear();
    return std::accumulate(sums.begin(), sums.end(), std::uint64_t{0});
  }

  /// One sends, one receives: in order.
  static std::uint64_t stream(const Operation& operation, std::uint64_t result) {
    const Pipe pipe(operation);
    Channel<std::uint64_t> channel(pipe.capacity);
    const Fiber producer([&] {
      for (std::uint32_t index = 0; index < pipe.each; ++index) channel.send(element(operation, index));
      channel.close();
    });
    while (const auto value = channel.receive()) result = mix(result, *value);
    return result;
  }

  /// A timer that is stopped never runs, one that is not runs once.
  static bool timer(const Operation& operation) {
    const auto rings = std::make_shared<Channel<int>>(2);
    Timer timer(std::chrono::microseconds(operation.part(0, 150)), [rings] { rings->send(1); });
    if (operation.part(1, 2) == 0) this_fiber::sleep_for(std::chrono::microseconds(operation.part(2, 150)));
    if (operation.part(3, 3) == 0 || !timer.stop()) return rings->receive() == 1 && rings->size() == 0;
    return rings->size() == 0;
  }

  /// One waits, with limits that may pass, until another lets it through.
  static bool gate(const Operation& operation) {
    Mutex mutex;
    ConditionVariable condition;
    bool open = false;
    const Fiber opener([&] {
      if (operation.part(0, 2) == 0) this_fiber::sleep_for(std::chrono::microseconds(operation.part(1, 200)));
      const std::lock_guard lock(mutex);
      open = true;
      condition.notify_all();
    });
    std::unique_lock lock(mutex);
    while (!open) condition.wait_for(lock, std::chrono::microseconds(1 + operation.part(2, 200)));
    return open;
  }

  /// Never ends: it is stopped when the main fiber ends.
  static void leave_behind(const Operation& operation) {
    Fiber([how = operation.part(0, 4)] {
      Channel<int> nobody;
      if (how == 0) nobody.receive();
      for (;;) {
        if (how == 1) this_fiber::sleep_for(std::chrono::hours(1));
        spin(1'000);
        this_fiber::yield();
      }
    }).detach();
  }

  std::array<Mutex, kLocks> locks_;
  Counters counters_{};  // each guarded by the lock of its number
};

}  // namespace

std::string run_random_program(std::uint64_t seed, const Config& config) {
  const std::unique_ptr<Task> root = Maker(seed).task(4);
  Counters expected_counters{};
  const std::uint64_t expected = model(*root, expected_counters);
  Program program;
  const std::uint64_t result = run(config, [&] { return program.execute(*root); });
  if (result != expected) return "the result is " + std::to_string(result) + " instead of " + std::to_string(expected);
  return program.counters() == expected_counters ? "" : "an addition under a lock was lost";
}

void run_random_programs(std::size_t count, const Config& config, int limit_s) {
  const auto body = [&] {
    const bool alone = std::getenv("TEST_SEED") != nullptr;
    const std::uint64_t first = seed();
    for (std::uint64_t number = first; number < first + (alone ? 1 : count); ++number) {
      std::cout << "TEST_SEED=" << number << std::endl;  // before it runs, should it hang
      const std::string fault = run_random_program(number, config);
      ASSERT_EQ(fault, "") << "to run it alone: TEST_SEED=" << number;
    }
  };
  const Outcome outcome = in_child(body, std::chrono::seconds(limit_s));
  if (outcome.exit_code == 0 && !outcome.timed_out) return;
  const std::size_t last = outcome.out.rfind("TEST_SEED=");
  ADD_FAILURE() << "The program of " << outcome.out.substr(last, outcome.out.find('\n', last) - last) << " went wrong. "
                << (outcome.timed_out ? describe({outcome.exit_code, true, "", outcome.err}) : describe(outcome));
}

}  // namespace heddle::test
