// LiveStack of fibers that are stopped at any instruction: their registers are found too, however often they are stopped.
#include "runtime/child.hpp"
#include "runtime/live_stacks.hpp"
#include "runtime/scenario.hpp"
#include "runtime/storm.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <array>
#include <atomic>
#include <chrono>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace heddle::test {
namespace {

using namespace std::chrono_literals;

#if defined(__x86_64__) || defined(__aarch64__)
constexpr std::size_t kRegisters = 12;
#else
constexpr std::size_t kRegisters = 4;
#endif

/// Has `kRegisters` secrets in registers until `stop`, without a call or a store.
[[gnu::noinline]] void hold_in_registers(std::uintptr_t first, const std::atomic<bool>& stop) {
  std::array<std::uintptr_t, kRegisters> held;
  for (std::size_t i = 0; i < kRegisters; ++i) held[i] = secret(first + i);
  do {
    asm volatile("" : "+r"(held[0]), "+r"(held[1]), "+r"(held[2]), "+r"(held[3]));
#if defined(__x86_64__) || defined(__aarch64__)
    asm volatile(""
                 : "+r"(held[0]), "+r"(held[1]), "+r"(held[2]), "+r"(held[3]), "+r"(held[4]), "+r"(held[5]),
                   "+r"(held[6]), "+r"(held[7]), "+r"(held[8]), "+r"(held[9]), "+r"(held[10]), "+r"(held[11]));
#endif
  } while (!stop.load(std::memory_order_relaxed));
}

class LiveStacksOfPreempted : public testing::TestWithParam<Resume> {};

TEST_P(LiveStacksOfPreempted, HoldEveryRegister) {
  passes_in_child(
      [] {
        run(config(kPreemptive, 2, GetParam()), [] {
          constexpr std::size_t kFibers = 4;
          std::atomic<bool> stop{false};
          std::vector<Fiber> fibers;
          for (std::size_t i = 0; i < kFibers; ++i)
            fibers.emplace_back([&stop, first = 100 * (i + 1)] { hold_in_registers(first, stop); });
          std::size_t begun = 0;
          for (std::size_t round = 0; round < scaled(200) || begun < scaled(200); ++round) {
            {
              const StoppedWorld world;
              const Look all = look(world);
              for (std::size_t i = 0; i < kFibers; ++i) {
                const Seen& seen = all.fibers.at(fibers[i].get_id());
                // A thread that waits in the kernel unasked, for a page or for the emulator, may have lost its processor.
                if (seen.state == State::kMoves) continue;
                EXPECT_EQ(seen.state, State::kStands);
                std::size_t found = 0;
                for (std::size_t j = 0; j < kRegisters; ++j) found += seen.holds(100 * (i + 1) + j, Of::kStack) ? 1 : 0;
                EXPECT_TRUE(found == 0 || found == kRegisters) << found;  // it may not have begun
                if (found != 0) ++begun;
              }
              expect_sound(all);
            }
            this_fiber::sleep_for(100us);
          }
          stop = true;
        });
      },
      60s);
}

#if defined(__x86_64__) && !defined(_WIN32)
/// Has a secret below its stack pointer until `stop`, and nowhere else.
[[gnu::noinline]] void hold_in_red_zone(const std::uintptr_t complement, const std::atomic<bool>& stop) {
  asm volatile(
      "movq %[complement], %%rax\n\t"
      "notq %%rax\n\t"
      "movq %%rax, -128(%%rsp)\n\t"
      "xorl %%eax, %%eax\n"
      "1: cmpb $0, %[stop]\n\t"
      "je 1b\n\t"
      :
      : [complement] "r"(complement), [stop] "m"(stop)
      : "rax", "cc", "memory");
}

TEST_P(LiveStacksOfPreempted, HoldTheRedZone) {
  passes_in_child([] {
    run(config(kPreemptive, 2, GetParam()), [] {
      std::atomic<bool> stop{false}, begun{false};
      Fiber fiber([&] {
        begun = true;
        hold_in_red_zone(~secret(1), stop);
      });
      while (!begun) this_fiber::yield();
      bool found = false;
      for (int round = 0; round < 100; ++round) {
        const StoppedWorld world;
        const bool there = look(world).fibers.at(fiber.get_id()).holds(1, Of::kStack);
        EXPECT_TRUE(there || !found);
        found = found || there;
      }
      EXPECT_TRUE(found);
      stop = true;
    });
  });
}
#endif

// All at once, while requests to stop come all the time.
TEST_P(LiveStacksOfPreempted, AreCompleteUnderAStorm) {
  passes_in_child(
      [] {
        run(config(kPreemptive, 2, GetParam()), [] {
          std::atomic<bool> stop{false};
          std::map<FiberId, std::uintptr_t> secrets;
          std::vector<Fiber> fibers;
          Channel<int> channel(1);
          Mutex mutex;
          WaitGroup begun;
          const auto start = [&](auto act) {
            const std::uintptr_t number = fibers.size();
            begun.add();
            fibers.emplace_back([&, act, number] {
              hold_over_calls(number, [&, told = false]() mutable {
                if (!std::exchange(told, true)) begun.done();
                act();
                return !stop;
              });
            });
            secrets[fibers.back().get_id()] = number;
          };
          for (int i = 0; i < 2; ++i) {
            start([] { spin(10'000); });
            start([] { this_fiber::yield(); });
            start([&] { channel.try_send(1), channel.try_receive(); });
            start([&] {
              mutex.lock();
              spin(100);
              mutex.unlock();
            });
            start([] { this_fiber::sleep_for(50us); });
            start([] { foreign_call([] { spin(100); }); });
            start([] { blocking([] { spin(100); }); });
            start([] { foreign_call([] { callback([] { this_fiber::yield(); }); }); });
            start([] { Fiber([] {}).join(); });
          }
          begun.wait();
          std::size_t complete = 0;
          {
            const Storm storm(1, 2);
            for (std::size_t round = 0; round < scaled(150); ++round) {
              {
                const StoppedWorld world;
                const Look all = look(world);
                const std::vector<FiberInfo> infos = heddle::fibers();
                std::size_t moving = 0;
                EXPECT_EQ(all.count.fibers, infos.size());
                for (const FiberInfo& info : infos) EXPECT_EQ(all.fibers.count(info.id), 1U);
                for (const auto& [id, number] : secrets) {
                  const Seen& seen = all.fibers.at(id);
                  if (seen.state == State::kMoves) continue;
                  EXPECT_TRUE(seen.holds(number, Of::kStack)) << number << ' ' << static_cast<int>(seen.state);
                }
                for (const auto& [id, seen] : all.fibers) moving += seen.state == State::kMoves ? 1 : 0;
                EXPECT_EQ(moving, all.count.moving);
                if (all.count.complete()) ++complete;
                expect_sound(all);
              }
              this_fiber::yield();
            }
          }
          EXPECT_GT(complete, 0U);
          stop = true;
          fibers.clear();
        });
      },
      120s);
}

INSTANTIATE_TEST_SUITE_P(Resume, LiveStacksOfPreempted, testing::Values(Resume::kSameThread, Resume::kAnyThread),
                         [](const auto& info) {
                           return std::string(info.param == Resume::kSameThread ? "same_thread" : "any_thread");
                         });

}  // namespace
}  // namespace heddle::test
