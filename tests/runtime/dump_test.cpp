// fibers() and dump_fibers(): every fiber is there, with what it does, what it waits for and its frames, and goes on afterwards as if
// nobody had looked.
#include "runtime/child.hpp"
#include "runtime/named.hpp"
#include "runtime/scenario.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace heddle::test {
namespace {

using namespace std::chrono_literals;

std::optional<FiberInfo> find(FiberId id) {
  for (const FiberInfo& info : fibers())
    if (info.id == id) return info;
  return std::nullopt;
}

std::string dump() {
  std::ostringstream text;
  dump_fibers(text);
  return text.str();
}

/// Lets the others run until that fiber waits for that; the test's time limit says when that is never.
void until_waits(FiberId id, const std::string& what) {
  while (!waits(id, what)) this_fiber::yield();
}

/// Text of the paragraph about a fiber, "" when there is none.
std::string paragraph(const std::string& dump, FiberId id) {
  const std::string begin = "\nfiber " + std::to_string(id.number());
  for (std::size_t at = dump.find(begin); at != std::string::npos; at = dump.find(begin, at + 1)) {
    if (std::isdigit(static_cast<unsigned char>(dump[at + begin.size()]))) continue;
    return dump.substr(at, dump.find("\n\n", at) - at);
  }
  return "";
}

TEST(Fibers, SayWhatTheyWaitFor) {
  passes_in_child(
      [] {
        run(config(kPreemptive, 2), [] {
          Mutex mutex;
          ConditionVariable changed;
          Channel<int> full(1), empty(0);
          WaitGroup group(1);
          full.send(0);
          bool stop = false;
          mutex.lock();
          Fiber locks([&] { std::lock_guard guard(mutex); });
          Fiber sends([&] { full.send(1); });
          Fiber receives([&] { empty.receive(); });
          Fiber waits_for_group([&] { group.wait(); });
          Fiber joins([&] { Fiber inner([&] { group.wait(); }); });
          Fiber sleeps([] { this_fiber::sleep_for(1h); });
          until_waits(locks.get_id(), "mutex 0x");
          until_waits(sends.get_id(), "room in channel 0x");
          until_waits(receives.get_id(), "a value from channel 0x");
          until_waits(waits_for_group.get_id(), "wait group 0x");
          until_waits(joins.get_id(), "the end of fiber ");
          until_waits(sleeps.get_id(), "the end of its sleep in ");
          mutex.unlock();
          locks.join();
          Fiber notified([&] {
            std::unique_lock lock(mutex);
            changed.wait(lock, [&] { return stop; });
          });
          until_waits(notified.get_id(), "condition variable 0x");
          {
            std::lock_guard guard(mutex);
            stop = true;
          }
          changed.notify_all();
          full.receive();
          empty.close();
          group.done();
          sleeps.detach();
        });
      },
      60s);
}

TEST(Fibers, SayTheirNamesAndStates) {
  passes_in_child([] {
    run(config("none", 1), [] {
      Fiber ready({.name = "ready one"}, [] {});
      const auto own = find(this_fiber::get_id());
      ASSERT_TRUE(own);
      EXPECT_EQ(own->name, "main");
      EXPECT_EQ(own->state, FiberState::kRunning);
      EXPECT_EQ(own->waits_for, "");
      const auto other = find(ready.get_id());
      ASSERT_TRUE(other);
      EXPECT_EQ(other->name, "ready one");
      EXPECT_EQ(other->state, FiberState::kReady);
      EXPECT_FALSE(other->pinned);
      this_fiber::yield();
      EXPECT_EQ(find(ready.get_id())->state, FiberState::kEnded);
      const FiberId id = ready.get_id();
      ready.join();
      EXPECT_FALSE(find(id));
      const Timer timer(1h, [] {});
      const auto all = fibers();
      EXPECT_EQ(all.size(), 2U);
      EXPECT_EQ(all.back().name, "timer");
      EXPECT_EQ(all.back().waits_for, "its start");
    });
  });
}

TEST(Fibers, AreNoneOutsideOfRun) {
  EXPECT_TRUE(fibers().empty());
  EXPECT_EQ(dump(), "");
}

TEST(Fibers, ThatAreStoppedSaySo) {
  passes_in_child([] {
    run(config(kPreemptive, 1), [] {
      Fiber fiber([] {});
      {
        const StoppedFiber stopped(fiber.get_id());
        EXPECT_TRUE(find(fiber.get_id())->stopped);
        EXPECT_NE(paragraph(dump(), fiber.get_id()).find(", stopped"), std::string::npos);
        EXPECT_EQ(stats().stopped_fibers, 1U);
      }
      EXPECT_FALSE(find(fiber.get_id())->stopped);
      EXPECT_EQ(stats().stopped_fibers, 0U);
      EXPECT_GE(stats().world_stops, 3U);
    });
  });
}

TEST(Dump, ShowsTheFramesOfParkedFibersByName) {
  passes_in_child(
      [] {
        run(config(kPreemptive, 2), [] {
          Channel<int> values;
          int sum = 0;
          Fiber waiting({.name = "waiting"}, [&] { sum = named_receive(values); });
          until_waits(waiting.get_id(), "a value from channel");
          for (int round = 0; round < 50; ++round) {  // each look finds the same, and takes no more stack
            const std::string text = dump();
            const std::string about = paragraph(text, waiting.get_id());
            EXPECT_NE(about.find("\"waiting\": waiting for a value from channel 0x"), std::string::npos) << text;
            EXPECT_NE(about.find("at named_receive_deeper+0x"), std::string::npos) << text;
            EXPECT_NE(about.find("at named_receive+0x"), std::string::npos) << text;
            EXPECT_LT(about.find("named_receive_deeper"), about.find("named_receive+0x")) << text;
            EXPECT_NE(about.find("made by "), std::string::npos) << text;
          }
          values.send(42);
          waiting.join();
          EXPECT_EQ(sum, 43);
        });
      },
      60s);
}

TEST(Dump, ShowsItsCallersFramesAndThoseThatNeverRan) {
  passes_in_child([] {
    run(config("none", 1), [] {
      Fiber fresh([] {});
      const std::string text = named_dump();
      EXPECT_NE(paragraph(text, this_fiber::get_id()).find("at named_dump+0x"), std::string::npos) << text;
      EXPECT_NE(paragraph(text, fresh.get_id()).find("no trace: it has never run"), std::string::npos) << text;
    });
  });
}

class DumpOfLoops : public testing::TestWithParam<Resume> {};

TEST_P(DumpOfLoops, ShowsWhereTheyWere) {
  passes_in_child(
      [resume = GetParam()] {
        run(config(kPreemptive, 2, resume), [] {
          std::atomic<int> begun{0};
          for (const auto loop : kNamedLoops) Fiber([&begun, loop] { loop(begun); }).detach();
          while (begun < 4) this_fiber::yield();
          std::string text;
          const auto shown = [&](const char* name) {
            return text.find(std::string("at ") + name + "+0x") != std::string::npos;
          };
          for (int round = 0; round < 5; ++round) {
            text = dump();
            for (const char* name : kNamesOfLoops) EXPECT_TRUE(shown(name)) << name << "\n" << text;
            this_fiber::yield();
          }
        });
      },
      60s);
}

INSTANTIATE_TEST_SUITE_P(Of, DumpOfLoops, testing::Values(Resume::kSameThread, Resume::kAnyThread), [](const auto& info) {
  return std::string(info.param == Resume::kSameThread ? "same_thread" : "any_thread");
});

TEST(Dump, SaysOfAFiberThatCannotBeStoppedThatItRuns) {
  passes_in_child([] {
    run(config("none", 2), [] {
      std::atomic<bool> begun{false}, stop{false};
      Fiber loop([&] {
        begun = true;
        while (!stop) asm volatile("");
      });
      while (!begun) this_fiber::yield();
      const std::string about = paragraph(dump(), loop.get_id());
      EXPECT_NE(about.find(": running"), std::string::npos) << about;
      EXPECT_NE(about.find("no trace: it could not be stopped"), std::string::npos) << about;
      stop = true;
    });
  });
}

TEST(Dump, WhileFibersComeAndGo) {
  passes_in_child(
      [] {
        run(config(kPreemptive, 3), [] {
          std::atomic<bool> stop{false};
          std::vector<Fiber> churns;
          for (int i = 0; i < 3; ++i) {
            churns.emplace_back([&] {
              Channel<int> values;
              while (!stop) {
                Fiber sender([&] { values.send(1); });
                EXPECT_EQ(values.receive(), 1);
                this_fiber::sleep_for(10us);
              }
            });
          }
          std::thread thread([&] {
            for (int round = 0; round < 30; ++round) EXPECT_NE(dump().find("\"main\""), std::string::npos);
          });
          for (int round = 0; round < 30; ++round) EXPECT_NE(dump().find("\"main\""), std::string::npos);
          std::atomic<bool> joined{false};
          std::thread joiner([&] {
            thread.join();
            joined = true;
          });
          while (!joined) this_fiber::sleep_for(1ms);
          joiner.join();
          stop = true;
        });
      },
      60s);
}

TEST(Dump, OfManyFibersIsCompleteAndGivesTheFirstATrace) {
  passes_in_child(
      [] {
        run(config(kPreemptive, 2), [] {
          WaitGroup begun(3000), go(1);
          std::vector<Fiber> many;
          for (int i = 0; i < 3000; ++i) {
            many.emplace_back([&] {
              begun.done();
              go.wait();
            });
          }
          begun.wait();
          EXPECT_EQ(fibers().size(), 3001U);
          const std::string text = dump();
          EXPECT_NE(text.find("no trace: there are too many fibers"), std::string::npos);
          EXPECT_NE(paragraph(text, many.back().get_id()), "");
          go.done();
        });
      },
      60s);
}

// A fiber in a foreign call is shown with the frames that made it, and goes on unharmed, whatever looks at its stack meanwhile.
TEST(ForeignCalls, ShowTheFramesThatMadeThem) {
  passes_in_child([] {
    run(config(kPreemptive, 2), [] {
      std::atomic<bool> stop{false};
      std::atomic<int> rounds{0};
      Fiber sleeper([&] {
        while (!stop) {
          named_foreign_call([] { std::this_thread::sleep_for(5ms); });
          ++rounds;
        }
      });
      std::string seen;
      for (int looks = 0; looks < 50 || rounds < 5; ++looks) {
        const std::string text = paragraph(dump(), sleeper.get_id());
        if (text.find("in a foreign call\n") != std::string::npos && text.find("no trace") == std::string::npos)
          seen = text;
        this_fiber::yield();
      }
      stop = true;
      EXPECT_NE(seen.find("at named_foreign_call"), std::string::npos) << seen;
    });
  });
}

// R29: from a callback inside a callback the frames of both stacks are there, in order.
TEST(ForeignCalls, AreWalkedThroughFromACallback) {
  passes_in_child([] {
    run(config(kPreemptive, 1), [] {
      std::string text;
      Fiber fiber({.stack_size = 1 << 20}, [&] {
        named_foreign_call(
            [&] { callback([&] { named_foreign_call([&] { callback([&] { text = named_dump(); }); }); }); });
      });
      const FiberId id = fiber.get_id();
      fiber.join();
      const std::string shown = paragraph(text, id);
      const std::size_t inner = shown.find("at named_dump");
      const std::size_t second = shown.find("at named_foreign_call", inner);
      const std::size_t first = shown.find("at named_foreign_call", second + 1);
      EXPECT_NE(first, std::string::npos) << shown;
    });
  });
}

// R15: the fibers of threads that are not inside are not there.
TEST(ForeignThreads, AreSeenOnlyWhileTheyAreInside) {
  passes_in_child([] {
    run(config(kPreemptive, 2), [] {
      std::atomic<int> step{-1};
      std::thread thread([&] {
        while (step != 0) std::this_thread::yield();
        callback([&] {
          step = 1;
          while (step != 2) this_fiber::yield();
        });
        step = 3;
        while (step != 4) std::this_thread::yield();
      });
      EXPECT_EQ(fibers().size(), 1U);
      step = 0;
      while (step != 1) this_fiber::yield();
      EXPECT_EQ(fibers().size(), 2U);
      EXPECT_EQ(stats().fibers, 2U);
      EXPECT_NE(dump().find("\"callback\""), std::string::npos);
      step = 2;
      while (step != 3) this_fiber::yield();
      EXPECT_EQ(fibers().size(), 1U);
      EXPECT_EQ(stats().fibers, 1U);
      step = 4;
      blocking([&] { thread.join(); });
    });
  });
}

}  // namespace
}  // namespace heddle::test
