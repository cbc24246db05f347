// Waking preempts: who becomes ready takes the processor from one that has had it for wakeup_slice, although that one's quantum is far
// from over. The quantum is ten seconds, as long as the child may run.
#include "runtime/child.hpp"
#include "runtime/scenario.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <atomic>
#include <memory>
#include <thread>
#include <tuple>
#include <vector>

namespace heddle::test {
namespace {

using std::chrono::milliseconds;

class Waking : public testing::TestWithParam<std::tuple<std::string, std::uint32_t, Resume>> {
 protected:
  static Config configuration() {
    const auto& [strategy, processors, resume] = GetParam();
    Config patient = config(strategy, processors, resume);
    patient.preempter.quantum = std::chrono::seconds(10);
    return patient;
  }

  static std::uint32_t processors() { return std::get<1>(GetParam()); }

  /// Fibers that keep every processor but `free` busy until `stop`.
  static std::vector<Fiber> hogs(const std::atomic<bool>& stop, std::uint32_t free) {
    std::vector<Fiber> hogs;
    // With room for the message: a hog that waited with it would have been woken, and would take the caller's processor in turn.
    const auto running = std::make_shared<Channel<int>>(1);
    for (std::uint32_t i = free; i < processors(); ++i) {
      hogs.emplace_back([&stop, running] {
        running->send(1);
        while (!stop) spin(1'000);
      });
      running->receive();
    }
    return hogs;
  }
};

TEST_P(Waking, ByATimer) {
  passes_in_child([] {
    run(configuration(), [] {
      std::atomic<bool> stop{false};
      const std::vector<Fiber> busy = hogs(stop, 0);
      for (int i = 0; i < 20; ++i) this_fiber::sleep_for(milliseconds(1));
      stop = true;
    });
  });
}

TEST_P(Waking, ByAMessageOfTheFiberThatRuns) {
  passes_in_child([] {
    run(configuration(), [] {
      std::atomic<bool> stop{false};
      const std::vector<Fiber> busy = hogs(stop, 1);
      Channel<int> channel(1);
      Channel<int> begins;
      std::atomic<int> received{0};
      Fiber receiver([&] {
        begins.send(1);
        while (channel.receive()) ++received;
      });
      begins.receive();
      for (int i = 1; i <= 20; ++i) {
        channel.send(i);
        while (received < i) spin(100);  // calls nothing: the receiver comes by preemption only
      }
      channel.close();
      stop = true;
    });
  });
}

TEST_P(Waking, ByAMessageOfAThread) {
  passes_in_child([] {
    run(configuration(), [] {
      std::atomic<bool> stop{false};
      const std::vector<Fiber> busy = hogs(stop, 0);
      Channel<int> there;
      Channel<int> back;
      std::thread thread([&] {
        for (int i = 0; i < 20; ++i) {
          there.send(i);
          EXPECT_EQ(back.receive(), i);
        }
      });
      for (int i = 0; i < 20; ++i) {
        const std::optional<int> value = there.receive();
        ASSERT_EQ(value, i);
        back.send(*value);
      }
      stop = true;
      thread.join();
    });
  });
}

// The message goes to one whom many others, that compute too, were before in the queue.
TEST_P(Waking, BeforeThoseThatComputeAsWell) {
  passes_in_child([] {
    run(configuration(), [] {
      std::atomic<bool> stop{false};
      std::vector<Fiber> busy = hogs(stop, 0);
      for (int i = 0; i < 4; ++i) {
        busy.emplace_back([&] {
          while (!stop) spin(1'000);
        });
      }
      Channel<int> channel;
      std::thread thread([&] { channel.send(1); });
      EXPECT_EQ(channel.receive(), 1);
      stop = true;
      thread.join();
    });
  });
}

// Who wakes somebody and then starts somebody is to lose the processor to the first one only.
TEST_P(Waking, NotForOneWhoIsStarted) {
  passes_in_child([] {
    run(configuration(), [] {
      std::atomic<bool> stop{false};
      const std::vector<Fiber> busy = hogs(stop, 0);
      std::atomic<bool> ran{false};
      Fiber started([&] { ran = true; });
      spin(20'000'000);
      const bool had_its_turn = ran;
      // A thread that waits for its emulator is taken for blocked, and its processor is another's then.
      EXPECT_FALSE(had_its_turn && stats().rescues == 0);
      stop = true;
    });
  });
}

std::string name(const testing::TestParamInfo<std::tuple<std::string, std::uint32_t, Resume>>& info) {
  const auto& [strategy, processors, resume] = info.param;
  return strategy + "_" + std::to_string(processors) + (resume == Resume::kSameThread ? "_same_thread" : "_any_thread");
}

INSTANTIATE_TEST_SUITE_P(Under, Waking,
                         testing::Combine(testing::ValuesIn(preemptive_strategies()), testing::Values(1U, 2U),
                                          testing::Values(Resume::kSameThread, Resume::kAnyThread)),
                         name);

// Which of those that are woken runs first is the queue's business; that one computes for long is not the others' loss.
TEST(WakingOften, AChattyPairDoesNotShutOutAThird) {
  passes_in_child([] {
    run(config(kPreemptive, 1), [] {
      std::atomic<bool> stop{false};
      Channel<int> there, back;
      Fiber ping([&] {
        while (!stop) {
          there.send(1);
          if (!back.receive()) break;
        }
        there.close();
      });
      Fiber pong([&] {
        while (there.receive()) back.send(1);
      });
      for (int i = 0; i < 50; ++i) this_fiber::sleep_for(std::chrono::microseconds(500));
      stop = true;
    });
  });
}

}  // namespace
}  // namespace heddle::test
