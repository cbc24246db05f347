// Channel: what its docstring promises, from fibers and from ordinary threads.
#include "runtime/child.hpp"
#include "runtime/each_strategy.hpp"
#include "runtime/scenario.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace heddle::test {
namespace {

TEST(Channel, KeepsTheOrderAndSizeOfItsBuffer) {
  on_one_processor([] {
    Channel<int> channel(3);
    EXPECT_EQ(channel.capacity(), 3U);
    for (int i = 0; i < 10; ++i) {
      EXPECT_TRUE(channel.send(i));
      EXPECT_TRUE(channel.send(i + 100));
      EXPECT_EQ(channel.size(), 2U);
      EXPECT_EQ(channel.receive(), i);
      EXPECT_EQ(channel.receive(), i + 100);
      EXPECT_EQ(channel.size(), 0U);
    }
  });
}

TEST(Channel, TriesWithoutWaiting) {
  on_one_processor([] {
    Channel<int> channel(1);
    EXPECT_EQ(channel.try_receive(), std::nullopt);
    EXPECT_TRUE(channel.try_send(1));
    EXPECT_FALSE(channel.try_send(2));
    EXPECT_EQ(channel.try_receive(), 1);
    Channel<int> unbuffered;
    EXPECT_FALSE(unbuffered.try_send(1));
    EXPECT_EQ(unbuffered.try_receive(), std::nullopt);
  });
}

TEST(Channel, UnbufferedSendWaitsForItsReceiver) {
  on_one_processor([] {
    Channel<int> channel;
    bool sent = false;
    Fiber sender([&] {
      EXPECT_TRUE(channel.send(7));
      sent = true;
    });
    for (int i = 0; i < 5; ++i) this_fiber::yield();
    EXPECT_FALSE(sent);
    EXPECT_EQ(channel.try_receive(), 7);
    sender.join();
    EXPECT_TRUE(sent);
  });
}

TEST(Channel, FullSendWaitsForRoom) {
  on_one_processor([] {
    Channel<int> channel(2);
    int sent = 0;
    Fiber sender([&] {
      for (; sent < 5; ++sent) channel.send(int{sent});
    });
    for (int i = 0; i < 5; ++i) this_fiber::yield();
    EXPECT_EQ(sent, 2);
    for (int i = 0; i < 5; ++i) EXPECT_EQ(channel.receive(), i);
  });
}

TEST(Channel, ServesWaitingSendersAndReceiversInOrder) {
  on_one_processor([] {
    Channel<int> channel;
    std::vector<Fiber> fibers;
    for (int i = 0; i < 5; ++i) {
      fibers.emplace_back([&, i] { channel.send(i); });
      this_fiber::yield();
    }
    for (int i = 0; i < 5; ++i) EXPECT_EQ(channel.receive(), i);
    std::vector<int> got(5, -1);
    for (std::size_t i = 0; i < 5; ++i) {
      fibers.emplace_back([&, i] { got[i] = channel.receive().value(); });
      this_fiber::yield();
    }
    for (int i = 0; i < 5; ++i) channel.send(i);
    fibers.clear();
    EXPECT_EQ(got, (std::vector<int>{0, 1, 2, 3, 4}));
  });
}

TEST(Channel, CloseEndsAllThatWait) {
  on_one_processor([] {
    Channel<int> channel;
    int refused = 0;
    std::vector<Fiber> fibers;
    for (int i = 0; i < 3; ++i) fibers.emplace_back([&] { refused += !channel.receive().has_value(); });
    this_fiber::yield();
    channel.close();
    fibers.clear();
    EXPECT_EQ(refused, 3);
    EXPECT_TRUE(channel.is_closed());
    channel.close();

    Channel<int> full(1);
    full.send(1);
    for (int i = 0; i < 3; ++i) fibers.emplace_back([&] { refused += !full.send(2); });
    this_fiber::yield();
    full.close();
    fibers.clear();
    EXPECT_EQ(refused, 6);
    EXPECT_EQ(full.receive(), 1);
    EXPECT_EQ(full.receive(), std::nullopt);
  });
}

TEST(Channel, ARefusedValueStaysWithItsSender) {
  on_one_processor([] {
    Channel<std::unique_ptr<int>> channel(1);
    auto value = std::make_unique<int>(5);
    EXPECT_TRUE(channel.try_send(std::make_unique<int>(4)));
    EXPECT_FALSE(channel.try_send(std::move(value)));
    ASSERT_NE(value, nullptr);
    channel.close();
    EXPECT_FALSE(channel.send(std::move(value)));
    ASSERT_NE(value, nullptr);
    EXPECT_EQ(*value, 5);
  });
}

TEST(Channel, LoopsUntilClosedAndEmpty) {
  on_one_processor([] {
    Channel<std::string> channel(4);
    Fiber sender([&] {
      for (const char* word : {"warp", "weft", "shed", "pick", "beat"}) channel.send(std::string(word));
      channel.close();
    });
    std::string all;
    for (const std::string& word : channel) all += word + " ";
    EXPECT_EQ(all, "warp weft shed pick beat ");
  });
}

TEST(Channel, DestroysWhatWasNeverReceived) {
  on_one_processor([] {
    const auto element = std::make_shared<int>(1);
    {
      Channel<std::shared_ptr<int>> channel(8);
      for (int i = 0; i < 5; ++i) channel.send(element);
      channel.receive();
      EXPECT_EQ(element.use_count(), 5);
    }
    EXPECT_EQ(element.use_count(), 1);
  });
}

TEST(Channel, CarriesElementsOfAnyAlignment) {
  on_one_processor([] {
    struct alignas(64) Wide {
      int value;
    };
    Channel<Wide> channel(3);
    for (int i = 0; i < 6; ++i) {
      channel.send(Wide{i});
      const auto got = channel.receive();
      ASSERT_TRUE(got);
      EXPECT_EQ(got->value, i);
    }
  });
}

TEST(Channel, WorksBetweenThreadsWithoutARuntime) {
  passes_in_child([] {
    Channel<int> channel(2);
    std::thread sender([&] {
      for (int i = 0; i < 1'000; ++i) channel.send(i);
      channel.close();
    });
    int wanted = 0;
    for (int value : channel) EXPECT_EQ(value, wanted++);
    EXPECT_EQ(wanted, 1'000);
    sender.join();
  });
}

}  // namespace
}  // namespace heddle::test
