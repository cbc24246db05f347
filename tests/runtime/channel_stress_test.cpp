// Channels under seeded random schedules: every value arrives exactly once, each sender's in order, whoever closes
// whenever.
#include "runtime/child.hpp"
#include "runtime/scenario.hpp"
#include "runtime/threads.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <algorithm>
#include <iostream>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace heddle::test {
namespace {

using Random = std::mt19937_64;

int below(Random& random, int bound) {
  return static_cast<int>(random() % static_cast<unsigned>(bound));
}

struct Value {
  int sender;
  int number;
};

/// What one schedule is made of, drawn from the seed.
struct Plan {
  std::size_t capacity;
  int senders;
  int receivers;
  int thread_senders;
  int thread_receivers;
  int values;
  bool close_early;

  explicit Plan(Random& random)
      : capacity(static_cast<std::size_t>(below(random, 9))),
        senders(1 + below(random, 6)),
        receivers(1 + below(random, 6)),
        thread_senders(below(random, 3)),
        thread_receivers(below(random, 3)),
        values(1 + below(random, 200)),
        close_early(below(random, 3) == 0) {}
};

std::ostream& operator<<(std::ostream& out, const Plan& plan) {
  return out << "capacity " << plan.capacity << ", senders " << plan.senders << " and " << plan.thread_senders
             << " threads, receivers " << plan.receivers << " and " << plan.thread_receivers << " threads, "
             << plan.values << " values each" << (plan.close_early ? ", closed early" : "");
}

/// One schedule. Each participant notes what it did, and all is compared when they have ended.
class Schedule {
 public:
  Schedule(const Plan& plan, std::uint64_t seed) : plan_(plan), seed_(seed), channel_(plan.capacity) {
    sent_.resize(static_cast<std::size_t>(plan.senders + plan.thread_senders));
    received_.resize(static_cast<std::size_t>(plan.receivers + plan.thread_receivers));
  }

  void run_on_fibers() {
    std::vector<Fiber> senders;
    std::vector<Fiber> receivers;
    Threads thread_senders;
    Threads thread_receivers;
    for (int i = 0; i < plan_.senders; ++i) senders.emplace_back([this, i] { send(i, true); });
    for (int i = 0; i < plan_.receivers; ++i) receivers.emplace_back([this, i] { receive(i, true); });
    for (int i = 0; i < plan_.thread_senders; ++i) thread_senders.start([this, i] { send(plan_.senders + i, false); });
    for (int i = 0; i < plan_.thread_receivers; ++i)
      thread_receivers.start([this, i] { receive(plan_.receivers + i, false); });
    if (plan_.close_early) close_after_some();
    senders.clear();
    thread_senders.join();
    channel_.close();
    receivers.clear();
    thread_receivers.join();
  }

  void check() const {
    std::vector<int> arrived(sent_.size(), 0);
    for (const std::vector<Value>& values : received_) {
      std::vector<int> last(sent_.size(), -1);
      for (const Value& value : values) {
        const auto sender = static_cast<std::size_t>(value.sender);
        ASSERT_LT(last[sender], value.number) << "a receiver saw sender " << sender << " out of order";
        last[sender] = value.number;
        ++arrived[sender];
      }
    }
    // In order, none twice to a receiver, and as many as were sent: with the next check each exactly once.
    EXPECT_EQ(arrived, sent_);
    std::vector<std::vector<bool>> seen(sent_.size(), std::vector<bool>(static_cast<std::size_t>(plan_.values), false));
    for (const std::vector<Value>& values : received_) {
      for (const Value& value : values) {
        auto mark = seen[static_cast<std::size_t>(value.sender)][static_cast<std::size_t>(value.number)];
        ASSERT_FALSE(mark) << "value " << value.number << " of sender " << value.sender << " arrived twice";
        mark = true;
      }
    }
    if (!plan_.close_early) {
      EXPECT_TRUE(std::all_of(sent_.begin(), sent_.end(), [this](int sent) { return sent == plan_.values; }));
    }
  }

 private:
  void pause(Random& random, bool on_fiber) {
    switch (below(random, 8)) {
      case 0:
        on_fiber ? this_fiber::yield() : std::this_thread::yield();
        break;
      case 1:
        spin(static_cast<std::uint64_t>(below(random, 2'000)));
        break;
      default:
        break;
    }
  }

  void send(int id, bool on_fiber) {
    Random random(seed_ + static_cast<std::uint64_t>(id));
    int& sent = sent_[static_cast<std::size_t>(id)];
    while (sent < plan_.values) {
      pause(random, on_fiber);
      if (below(random, 3) == 0) {
        sent += channel_.try_send(Value{id, sent});
        if (channel_.is_closed()) return;
      } else if (channel_.send(Value{id, sent})) {
        ++sent;
      } else {
        return;
      }
    }
  }

  void receive(int id, bool on_fiber) {
    Random random(seed_ + 1'000 + static_cast<std::uint64_t>(id));
    std::vector<Value>& received = received_[static_cast<std::size_t>(id)];
    for (;;) {
      pause(random, on_fiber);
      const bool once = below(random, 3) == 0;
      const std::optional<Value> value = once ? channel_.try_receive() : channel_.receive();
      if (value) {
        received.push_back(*value);
      } else if (!once) {
        return;
      }
    }
  }

  void close_after_some() {
    Random random(seed_ + 2'000);
    for (int turns = below(random, 300); turns > 0; --turns) this_fiber::yield();
    channel_.close();
  }

  const Plan plan_;
  const std::uint64_t seed_;
  Channel<Value> channel_;
  std::vector<int> sent_;
  std::vector<std::vector<Value>> received_;
};

class RandomSchedules : public testing::TestWithParam<std::tuple<std::uint32_t, std::string>> {};

TEST_P(RandomSchedules, DeliverEachValueOnceAndInOrder) {
  passes_in_child(
      [] {
        const auto [processors, strategy] = GetParam();
        const std::uint64_t first = seed();
        run(config(strategy, processors), [first] {
          for (std::uint64_t seed = first, end = first + scaled(300); seed < end; ++seed) {
            Random random(seed);
            const Plan plan(random);
            std::cout << "seed " << seed << ": " << plan << std::endl;
            Schedule schedule(plan, seed);
            schedule.run_on_fibers();
            schedule.check();
            if (testing::Test::HasFailure()) return;
          }
        });
      },
      std::chrono::seconds(240));
}

INSTANTIATE_TEST_SUITE_P(On, RandomSchedules,
                         testing::Combine(testing::Values(1, 2, 4), testing::Values("none", kPreemptive)),
                         [](const auto& info) {
                           return std::to_string(std::get<0>(info.param)) + "_processors_" + std::get<1>(info.param);
                         });

}  // namespace
}  // namespace heddle::test
