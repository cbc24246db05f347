// Those who wait and those who end the wait: each waiter comes back, once, whoever of several was first. Fibers are the real ones, on
// stacks of their own.
#include "model/scene.hpp"

#include <heddle/condition_variable.hpp>
#include <heddle/fiber.hpp>
#include <heddle/mutex.hpp>

namespace heddle::model {
namespace {

using sched::FiberBlock;
using sched::Worker;

void report_ways(const Result& result) {
  EXPECT_EQ(result.failure, "");
  std::cout << result.executions << " executions\n";
}

Options bounded(int preemptions) {
  Options options;
  options.preemptions = preemptions;
  return options;
}

struct Waits : Scene {
  Waits(Program& program, std::uint32_t workers) : Scene(program, workers) {
    program.quiet(&scheduler.idle_count_, sizeof scheduler.idle_count_);
    program.quiet(&scheduler.stopping_, sizeof scheduler.stopping_);
    program.quiet(&scheduler.global_, sizeof scheduler.global_);
    program.quiet(&scheduler.stacks_, sizeof scheduler.stacks_);
    program.quiet(&scheduler.ended_elsewhere_, sizeof scheduler.ended_elsewhere_);
    program.quiet(&scheduler.monitor_, sizeof scheduler.monitor_);
    for (const auto& each : scheduler.processors()) program.quiet(&each->attention, sizeof each->attention);
  }

  Mutex mutex;
  ConditionVariable condition;
  int came_back = 0;
  int timed_out = 0;

  /// Waits once, with a limit that only a timer that is fired by hand reaches.
  void wait_with_limit() {
    std::unique_lock lock(mutex);
    timed_out += condition.wait_until_ns(lock, 10) == std::cv_status::timeout;
    ++came_back;
  }
  void wait_without_limit() {
    std::unique_lock lock(mutex);
    condition.wait(lock);
    ++came_back;
  }
  void fire_timers(std::size_t index) { processor(index).timers.run_due(20); }
};

class JoinModel : public testing::TestWithParam<const char*> {};

// A fiber ends while its handle is joined by a fiber or a thread, or detached: the joiner goes on once, the memory is given back once.
TEST_P(JoinModel, TheEndIsSeenOnce) {
  const std::string how = GetParam();
  report_ways(explore(
      [how](Program& program) {
        Waits& scene = make<Waits>(program, 2);
        FiberBlock& ending = scene.fiber([] {}, false);
        scene.on_worker(program, 0, [&](Worker& self) {
          sched::run_fiber(self, ending);
          Scene::drain(self);
        });
        if (how == "fiber") {
          FiberBlock& joining = scene.fiber([&] {
            heddle::detail::join_fiber(&ending);
            ++scene.came_back;
          });
          scene.on_worker(program, 1, [&](Worker& self) {
            sched::run_fiber(self, joining);
            Scene::drain(self);
          });
        } else {
          program.thread([&scene, &ending, joins = how == "thread"] {
            joins ? heddle::detail::join_fiber(&ending) : heddle::detail::detach_fiber(&ending);
            ++scene.came_back;
          });
        }
        program.finally([&scene, fibers = how == "fiber" ? 2U : 1U] {
          require(scene.came_back == 1, "the joiner did not go on once");
          require(scene.recycled() == fibers, "a fiber's memory was not given back once");
        });
      },
      bounded(3)));
}

INSTANTIATE_TEST_SUITE_P(By, JoinModel, testing::Values("fiber", "thread", "detach"),
                         [](const auto& info) { return std::string(info.param); });

TEST(WaiterModel, ATimerAndANotificationWakeAFiberOnce) {
  report_ways(explore(
      [](Program& program) {
        Waits& scene = make<Waits>(program, 2);
        FiberBlock& waiting = scene.fiber([&] { scene.wait_with_limit(); });
        scene.on_worker(program, 0, [&](Worker& self) {
          sched::run_fiber(self, waiting);
          scene.fire_timers(0);
          Scene::drain(self);
        });
        scene.on_worker(program, 1, [&](Worker& self) {
          scene.condition.notify_one();
          Scene::drain(self);
        });
        program.finally([&scene] { require(scene.came_back == 1, "the waiter did not come back once"); });
      },
      bounded(2)));
}

// The first of two waiters times out while one notification comes: it goes to the first in time, or else to the second.
TEST(WaiterModel, ATimeoutDoesNotSwallowANotification) {
  report_ways(explore(
      [](Program& program) {
        Waits& scene = make<Waits>(program, 2);
        FiberBlock& first = scene.fiber([&] { scene.wait_with_limit(); });
        FiberBlock& second = scene.fiber([&] { scene.wait_without_limit(); });
        scene.as_worker(0, [&](Worker& self) {
          sched::run_fiber(self, first);
          sched::run_fiber(self, second);
        });
        scene.on_worker(program, 0, [&](Worker& self) {
          scene.fire_timers(0);
          Scene::drain(self);
        });
        scene.on_worker(program, 1, [&](Worker& self) {
          scene.condition.notify_one();
          Scene::drain(self);
        });
        program.finally([&scene] {
          require(scene.came_back == 1 + scene.timed_out, "a notification was lost, or woke two");
          require(scene.came_back >= 1, "the timer woke nobody");
        });
      },
      bounded(2)));
}

TEST(WaiterModel, AThreadComesBackByItsLimitOrByANotification) {
  report_ways(explore(
      [](Program& program) {
        Waits& scene = make<Waits>(program, 1);
        program.thread([&] { scene.wait_with_limit(); });
        program.thread([&] { scene.condition.notify_one(); });
        program.finally([&scene] { require(scene.came_back == 1, "the thread did not come back once"); });
      },
      bounded(2)));
}

TEST(WaiterModel, FindsAWaiterThatTwoClaim) {
  // What take_first and a timer would do without the flag: each makes the fiber ready.
  const Result result = explore([](Program& program) {
    Waits& scene = make<Waits>(program, 2);
    struct Naive {
      std::atomic<bool> claimed{false};
      int woken[2] = {0, 0};
    };
    Naive& waiter = program.keep(new Naive);
    for (std::size_t index = 0; index < 2; ++index) {
      scene.on_worker(program, index, [&waiter, index](Worker&) {
        if (waiter.claimed.load(std::memory_order_acquire)) return;
        waiter.claimed.store(true, std::memory_order_release);
        ++waiter.woken[index];
      });
    }
    program.finally([&waiter] { require(waiter.woken[0] + waiter.woken[1] == 1, "two claimed it"); });
  });
  EXPECT_NE(result.failure.find("two claimed it"), std::string::npos);
}

// Threads, which block, and no fibers: the mutex alone.
TEST(MutexModel, IsHeldByOneAtATimeAndPassedOn) {
  report_ways(explore(
      [](Program& program) {
        Waits& scene = make<Waits>(program, 1);
        for (int thread = 0; thread < 2; ++thread) {
          program.thread([&scene, thread] {
            for (int turn = 0; turn < 2 - thread; ++turn) {
              const std::lock_guard lock(scene.mutex);
              ++scene.came_back;
            }
          });
        }
        program.finally([&scene] { require(scene.came_back == 3, "two held it at once"); });
      },
      bounded(2)));
}

}  // namespace
}  // namespace heddle::model
