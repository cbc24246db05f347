// select: exactly one case happens, nothing is lost with the others, and each has its turn.
#include "runtime/each_strategy.hpp"
#include "runtime/threads.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

namespace heddle::test {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;

class SelectUnder : public EachStrategy {};
INSTANTIATE_TEST_SUITE_P(On, SelectUnder, each_strategy(), strategy_name);

constexpr auto kFails = [](auto&&...) { ADD_FAILURE() << "this case must not happen"; };

TEST(Select, TakesTheCaseThatCanHappen) {
  on_one_processor([] {
    Channel<int> empty;
    Channel<int> full(1);
    full.send(1);
    int got = 0;
    EXPECT_EQ(select(on_receive(empty, kFails), on_receive(full, [&](int value) { got = value; })), 1U);
    EXPECT_EQ(got, 1);
    EXPECT_EQ(select(on_send(full, 5, [&] { got = 2; }), on_receive(empty, kFails)), 0U);
    EXPECT_EQ(got, 2);
    EXPECT_EQ(select(on_send(full, 6, kFails), otherwise([&] { got = 3; }), on_receive(empty, kFails)), 1U);
    EXPECT_EQ(got, 3);
    EXPECT_EQ(select(otherwise(kFails), on_receive(full, [&](std::optional<int> value) { got = value.value(); })), 1U);
    EXPECT_EQ(got, 5);
  });
}

TEST(Select, WaitsForATime) {
  on_one_processor([] {
    Channel<int> empty;
    const std::int64_t start = nanotime();
    bool late = false;
    EXPECT_EQ(select(after(hours(1), kFails), on_receive(empty, kFails), after(milliseconds(5), [&] { late = true; })), 2U);
    EXPECT_TRUE(late);
    EXPECT_GE(nanotime() - start, 5'000'000);
    EXPECT_EQ(select(on_receive(empty, kFails), after(milliseconds(-1), [] {})), 1U);
    EXPECT_EQ(select(after(std::chrono::steady_clock::now() + milliseconds(2), [] {})), 0U);
    Fiber sender([&] { empty.send(3); });
    EXPECT_EQ(select(after(hours(24 * 365 * 1'000), kFails), on_receive(empty, [] {})), 1U);
  });
}

TEST(Select, AClosedChannelIsReady) {
  on_one_processor([] {
    Channel<int> channel(1);
    channel.send(1);
    channel.close();
    int values = 0;
    int ends = 0;
    EXPECT_EQ(select(on_receive(channel, [&](int value) { values += value; })), 0U);
    EXPECT_EQ(select(on_receive(channel, kFails, [&] { ++ends; })), 0U);
    EXPECT_EQ(select(on_receive(channel, [&](std::optional<int> value) { ends += !value; })), 0U);
    EXPECT_EQ(select(on_receive(channel, [&] { ++ends; })), 0U);
    EXPECT_EQ(select(on_receive(channel, [](int) { ADD_FAILURE(); })), 0U);
    EXPECT_EQ(select(on_send(channel, 1, kFails, [&] { ++ends; })), 0U);
    EXPECT_EQ(select(on_send(channel, 1, kFails)), 0U);
    EXPECT_EQ(values, 1);
    EXPECT_EQ(ends, 4);
  });
}

TEST(Select, ClosingEndsItsWait) {
  on_one_processor([] {
    Channel<int> first;
    Channel<int> second;
    Channel<int> third;
    int ends = 0;
    Fiber receiver([&] { EXPECT_EQ(select(on_receive(first, kFails), on_receive(second, kFails, [&] { ++ends; })), 1U); });
    Fiber sender([&] {
      const int value = 4;
      EXPECT_EQ(select(on_send(third, value, kFails, [&] { ++ends; }), on_receive(second, [&](auto v) { ends += !v; })), 1U);
    });
    this_fiber::yield();
    second.close();
    receiver.join();
    sender.join();
    EXPECT_EQ(ends, 2);
    EXPECT_FALSE(first.try_send(1));  // nobody was left in its lists
    EXPECT_FALSE(third.try_receive());
  });
}

TEST(Select, AValueThatIsNotSentStaysWithItsOwner) {
  on_one_processor([] {
    using Pointer = std::unique_ptr<int>;
    Channel<Pointer> full(1);
    full.send(std::make_unique<int>(1));
    auto mine = std::make_unique<int>(2);
    select(on_send(full, std::move(mine), kFails), otherwise([] {}));
    ASSERT_TRUE(mine);
    select(on_send(full, std::move(mine), kFails), after(milliseconds(1), [] {}));
    ASSERT_TRUE(mine);
    Fiber closer([&] { full.close(); });
    select(on_send(full, std::move(mine), kFails, [] {}));
    ASSERT_TRUE(mine);
    closer.join();
  });
}

TEST(Select, MovesOnlyWhatItHandsOver) {
  on_one_processor([] {
    using Pointer = std::unique_ptr<int>;
    Channel<Pointer> left;
    Channel<Pointer> right;
    auto a = std::make_unique<int>(1);
    auto b = std::make_unique<int>(2);
    Fiber sender([&] { EXPECT_EQ(select(on_send(left, std::move(a), kFails), on_send(right, std::move(b), [] {})), 1U); });
    this_fiber::yield();
    int got = 0;
    select(on_receive(right, [&](Pointer value) { got = *value; }), on_send(right, Pointer(), kFails));
    sender.join();
    EXPECT_EQ(got, 2);
    EXPECT_TRUE(a);
    EXPECT_FALSE(b);
  });
}

TEST(Select, ConvertsAndCopies) {
  on_one_processor([] {
    Channel<std::int64_t> numbers(3);
    Channel<std::shared_ptr<int>> pointers(1);
    const auto pointer = std::make_shared<int>(1);
    const int small = 2;
    select(on_send(numbers, 1, [] {}));
    select(on_send(numbers, small, [] {}));
    select(on_send(pointers, pointer, [] {}));
    EXPECT_EQ(numbers.receive(), 1);
    EXPECT_EQ(numbers.receive(), 2);
    EXPECT_EQ(pointer.use_count(), 2);
    select(on_send(numbers, small, kFails, kFails), otherwise([] {}),
           on_receive(pointers, [](const std::shared_ptr<int>&) {}));
  });
}

TEST(Select, PassesOnWhatItsFunctionThrows) {
  on_one_processor([] {
    const auto value = std::make_shared<int>(1);
    Channel<std::shared_ptr<int>> channel(1);
    channel.send(value);
    EXPECT_THROW(select(on_receive(channel, [](auto) { throw std::runtime_error("from a case"); })), std::runtime_error);
    EXPECT_EQ(value.use_count(), 1);
    EXPECT_TRUE(channel.try_send(value));  // and no lock was left behind
  });
}

TEST(Select, ChoosesFairly) {
  on_one_processor([] {
    std::array<Channel<int>, 3> channels{Channel<int>(1), Channel<int>(1), Channel<int>(1)};
    std::array<int, 3> chosen{};
    for (int i = 0; i < 3'000; ++i) {
      channels[0].try_send(1);
      channels[2].try_send(1);
      ++chosen[select(on_receive(channels[0], [] {}), on_receive(channels[1], kFails), on_receive(channels[2], [] {}))];
    }
    EXPECT_GT(chosen[0], 1'200);  // ten standard deviations below the mean
    EXPECT_GT(chosen[2], 1'200);
  });
}

TEST(Select, EndsByAStopRequest) {
  on_one_processor([] {
    Channel<int> channel;
    int stops = 0;
    Fiber fiber([&](std::stop_token token) {
      EXPECT_EQ(select(on_receive(channel, kFails), on_stop(token, [&] { ++stops; })), 1U);
      EXPECT_EQ(select(on_stop(token, [&] { ++stops; }), on_receive(channel, kFails)), 0U);
      EXPECT_EQ(select(on_stop(std::stop_token(), kFails), on_receive(channel, [](int) {})), 1U);
    });
    this_fiber::yield();
    EXPECT_EQ(stops, 0);
    fiber.request_stop();
    channel.send(1);
    fiber.join();
    EXPECT_EQ(stops, 2);
  });
}

TEST(Select, WorksBetweenThreadsWithoutARuntime) {
  passes_in_child([] {
    Channel<int> there;
    Channel<int> back;
    std::thread other([&] {
      for (bool open = true; open;) {
        select(on_receive(
            there, [&](int value) { back.send(value + 1); }, [&] { open = false; }));
      }
    });
    for (int i = 0; i < 1'000; ++i) {
      select(on_send(there, i, [] {}), on_receive(back, kFails));
      select(on_receive(back, [&](int value) { EXPECT_EQ(value, i + 1); }), after(hours(1), kFails));
    }
    EXPECT_EQ(select(on_receive(back, kFails), after(milliseconds(1), [] {})), 1U);
    there.close();
    other.join();
  });
}

// Two that each want to send to and receive from the same channel: they meet in either direction, never each itself.
TEST_P(SelectUnder, SendsAndReceivesOnOneChannel) {
  passes([] {
    Channel<int> channel;
    std::atomic<int> sent{0};
    std::atomic<int> received{0};
    const auto swap = [&](int self) {
      for (int round = 0; round < 1'000; ++round) {
        select(on_send(channel, self, [&] { ++sent; }), on_receive(channel, [&](int other) {
                 EXPECT_NE(other, self);
                 ++received;
               }));
      }
    };
    Fiber first(swap, 1);
    Fiber second(swap, 2);
    first.join();
    second.join();
    EXPECT_EQ(sent, 1'000);
    EXPECT_EQ(received, 1'000);
  });
}

// All take the same channels in every order: locks that were not ordered would soon be waited for in a circle.
TEST_P(SelectUnder, TakesChannelsInAnyOrder) {
  passes([] {
    Channel<int> a;
    Channel<int> b(1);
    Channel<int> c;
    std::atomic<int> received{0};
    WaitGroup senders(4);
    const auto send = [&](int kind) {
      for (int round = 0; round < 1'000; ++round) {
        if ((round + kind) % 2) {
          select(on_send(a, 1, [] {}), on_send(b, 1, [] {}), on_send(c, 1, [] {}), on_send(a, 1, [] {}));
        } else {
          select(on_send(c, 1, [] {}), on_send(b, 1, [] {}), on_send(a, 1, [] {}));
        }
      }
      senders.done();
    };
    const auto receive = [&](int kind) {
      const auto count = [&](int) { ++received; };
      bool open = true;
      const auto end = [&] { open = false; };
      while (open) {
        if (kind % 2) {
          select(on_receive(b, count, end), on_receive(a, count, end), on_receive(c, count, end));
        } else {
          select(on_receive(c, count, end), on_receive(c, count, end), on_receive(a, count, end), on_receive(b, count, end));
        }
      }
      for (Channel<int>* channel : {&a, &b, &c}) {
        while (channel->try_receive()) ++received;
      }
    };
    Threads threads;
    std::vector<Fiber> fibers;
    for (int i = 0; i < 3; ++i) fibers.emplace_back(send, i);
    for (int i = 0; i < 3; ++i) fibers.emplace_back(receive, i);
    threads.start([&] { send(1); });
    threads.start([&] { receive(0); });
    senders.wait();
    for (Channel<int>* channel : {&a, &b, &c}) channel->close();
    fibers.clear();
    threads.join();
    EXPECT_EQ(received, 4'000);
  });
}

}  // namespace
}  // namespace heddle::test
