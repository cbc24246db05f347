// What stacks cost that no fiber uses: they are used again (R49), and after stack.release_after the system has their memory. What is on a
// stack that a fiber does use is never touched.
#include "runtime/child.hpp"
#include "runtime/resident.hpp"
#include "runtime/scenario.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <iterator>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace heddle::test {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kStack = 128 << 10;
constexpr std::size_t kFrame = 4 << 10;

/// Calls itself until `frames` frames of some 4 KiB are in use, then `deepest`; every frame finds what it has written when it comes back.
[[gnu::noinline]] bool deep(std::size_t frames, std::uint64_t mark, const std::function<void()>& deepest) {
  volatile std::uint64_t room[kFrame / sizeof(std::uint64_t)];
  for (std::size_t i = 0; i < std::size(room); ++i) room[i] = mark + frames + i;
  bool right = true;
  if (frames > 1) {
    right = deep(frames - 1, mark, deepest);
  } else {
    deepest();
  }
  for (std::size_t i = 0; i < std::size(room); ++i) right &= room[i] == mark + frames + i;
  return right;
}

Config configuration(std::uint32_t processors, std::chrono::nanoseconds release_after) {
  Config result = config(kPreemptive, processors);
  result.stack.size = kStack;
  result.stack.release_after = release_after;
  return result;
}

/// Waits until it is so, for as long as the test's process may last.
void wait_until(const std::function<bool()>& condition) {
  while (!condition()) this_fiber::sleep_for(5ms);
}

/// `count` fibers that have used 80 KiB of their stacks each, and ended.
std::vector<Fiber> ended_fibers(std::size_t count) {
  std::vector<Fiber> fibers;
  const auto group = std::make_shared<WaitGroup>(static_cast<std::int64_t>(count));  // the last one is still in done() afterwards
  for (std::size_t i = 0; i < count; ++i)
    fibers.emplace_back([group, i] {
      EXPECT_TRUE(deep(20, i, [] {}));
      group->done();
    });
  group->wait();
  return fibers;
}

constexpr std::size_t kFibers = 1000;  // many times what processors keep
constexpr std::size_t kUsed = kFibers * 20 * kFrame;  // of which the half goes to an emulator that has memory of its own for each thread

void join_all(std::vector<Fiber> fibers) {
  for (Fiber& fiber : fibers) fiber.join();
}

// --- R49 ------------------------------------------------------------------------------------------------------------------

class StackCache : public testing::TestWithParam<std::pair<const char*, std::chrono::nanoseconds>> {};

TEST_P(StackCache, NoLeak) {
  passes_in_child(
      [] {
        run(configuration(2, GetParam().second), [] {
          std::vector<std::size_t> resident;
          for (int round = 0; round < 4; ++round) {
            std::vector<Fiber> fibers;
            for (std::size_t number = 0; number < 200; ++number)
              fibers.emplace_back([number] {
                for (std::size_t step = 1; step <= 5; ++step) EXPECT_TRUE(deep(4 * step, number, this_fiber::yield));
              });
            join_all(std::move(fibers));
            resident.push_back(resident_bytes());
          }
          EXPECT_LE(resident.back() * 10, resident.front() * 12) << resident.front();
        });
      },
      60s);
}

INSTANTIATE_TEST_SUITE_P(, StackCache,
                         testing::Values(std::pair{"never", std::chrono::nanoseconds::max()},
                                         std::pair{"after_10s", std::chrono::nanoseconds(10s)},
                                         std::pair{"at_once", std::chrono::nanoseconds(0)}),
                         [](const auto& info) { return std::string(info.param.first); });

// --- Memory goes back --------------------------------------------------------------------------------------------------------

class IdleStacks : public testing::TestWithParam<std::uint32_t> {};

TEST_P(IdleStacks, GoBackWhileAllIsQuiet) {
  passes_in_child(
      [] {
        run(configuration(GetParam(), 20ms), [] {
          const std::size_t before = resident_bytes();
          std::vector<Fiber> fibers = ended_fibers(kFibers);
          EXPECT_GT(resident_bytes(), before + kUsed / 4 * 3);
          join_all(std::move(fibers));
          wait_until([before] { return resident_bytes() < before + kUsed / 2; });
          join_all(ended_fibers(kFibers));  // on the same stacks
        });
      },
      60s);
}

// The caches of processors that are never idle.
TEST_P(IdleStacks, GoBackWhileFibersRun) {
  passes_in_child(
      [] {
        run(configuration(GetParam(), 20ms), [] {
          std::atomic<bool> over{false};
          std::vector<Fiber> busy;
          for (std::uint32_t i = 0; i < 2 * GetParam(); ++i)
            busy.emplace_back([&over] {
              while (!over) Fiber([] { spin(1000); }).join();
            });
          const std::size_t before = resident_bytes();
          std::vector<Fiber> fibers = ended_fibers(kFibers);
          EXPECT_GT(resident_bytes(), before + kUsed / 4 * 3);
          join_all(std::move(fibers));
          wait_until([before] { return resident_bytes() < before + kUsed / 2; });
          over = true;
          join_all(std::move(busy));
        });
      },
      60s);
}

// The thread that looks after them sleeps for good then.
TEST_P(IdleStacks, GoBackWhenAThreadJoinsLongAfterwards) {
  passes_in_child(
      [] {
        run(configuration(GetParam(), 20ms), [] {
          const std::size_t before = resident_bytes();
          std::vector<Fiber> fibers = ended_fibers(kFibers);
          Channel<bool> low;
          std::thread joiner([&] {
            std::this_thread::sleep_for(2500ms);  // or less: then the test says less
            join_all(std::move(fibers));
            while (resident_bytes() >= before + kUsed / 2) std::this_thread::sleep_for(5ms);
            low.send(true);
          });
          EXPECT_TRUE(low.receive());
          joiner.join();
        });
      },
      60s);
}

INSTANTIATE_TEST_SUITE_P(Processors, IdleStacks, testing::Values(1U, 2U));

TEST(IdleStacksOfEverySize, GoBack) {
  passes_in_child(
      [] {
        run(configuration(2, 20ms), [] {
          const std::size_t before = resident_bytes();
          std::vector<Fiber> fibers;
          for (std::size_t i = 0; i < kFibers; ++i)
            fibers.emplace_back(FiberOptions{.stack_size = std::size_t{256 << 10} << i % 3},
                                [i] { EXPECT_TRUE(deep(20, i, [] {})); });
          join_all(std::move(fibers));
          wait_until([before] { return resident_bytes() < before + kUsed / 2; });
        });
      },
      60s);
}

TEST(IdleStacksAtOnce, HaveNoMemoryWhenTheyAreJoined) {
  passes_in_child([] {
    run(configuration(1, 0ns), [] {
      join_all(ended_fibers(10));
      const std::size_t before = resident_bytes();
      std::vector<Fiber> fibers = ended_fibers(kFibers);
      EXPECT_GT(resident_bytes(), before + kUsed / 4 * 3);
      join_all(std::move(fibers));
      EXPECT_LT(resident_bytes(), before + kUsed / 2);
    });
  });
}

TEST(IdleStacksForGood, KeepTheirMemory) {
  passes_in_child([] {
    run(configuration(1, std::chrono::nanoseconds::max()), [] {
      const std::size_t before = resident_bytes();
      std::vector<Fiber> fibers = ended_fibers(kFibers);
      join_all(std::move(fibers));
      this_fiber::sleep_for(100ms);
      EXPECT_GT(resident_bytes(), before + kUsed / 4 * 3);
    });
  });
}

// --- And nothing else does ------------------------------------------------------------------------------------------------

// Senders wait deep in their stacks, where the channel finds their values, while the world stops and goes on, other fibers come and go, and
// their stacks are given back (Go: NoShrinkStackWhileParking).
TEST(ParkedFibers, KeepWhatIsOnTheirStacks) {
  passes_in_child(
      [] {
        Config hurried = configuration(2, 1ms);
        hurried.preempter.quantum = 1ms;
        run(hurried, [] {
          constexpr std::size_t kSenders = 50;
          Channel<std::pair<std::size_t, std::size_t>> values;
          for (std::size_t round = 0; round < scaled(40); ++round) {
            std::vector<Fiber> senders;
            for (std::size_t number = 0; number < kSenders; ++number)
              senders.emplace_back([&values, round, number] {
                EXPECT_TRUE(deep(1 + number % 20, number, [&] { values.send({round, number}); }));
              });
            join_all(ended_fibers(20));
            for (int stop = 0; stop < 3; ++stop) {
              { const StoppedWorld world; }
              this_fiber::sleep_for(1ms);
            }
            std::vector<int> seen(kSenders);
            for (std::size_t i = 0; i < kSenders; ++i) {
              const auto value = values.receive();
              ASSERT_TRUE(value);
              EXPECT_EQ(value->first, round);
              ++seen.at(value->second);
            }
            EXPECT_EQ(seen, std::vector<int>(kSenders, 1));
            join_all(std::move(senders));
          }
        });
      },
      120s);
}

}  // namespace
}  // namespace heddle::test
