// Who sleeps and who wakes: no fiber is ready while all who could run it sleep and nobody is on the way to them.
#include "model/scene.hpp"

#include <deque>

namespace heddle::model {
namespace {

using sched::FiberBlock;
using sched::Worker;

/// Workers of which the first makes fibers ready and the others have looked everywhere and go idle.
struct Idlers : Scene {
  Idlers(Program& program, std::uint32_t workers) : Scene(program, workers) {
    program.quiet(&scheduler.monitor_.asleep_, sizeof scheduler.monitor_.asleep_);
    program.quiet(&scheduler.stopping_, sizeof scheduler.stopping_);
    for (const auto& each : scheduler.processors()) program.quiet(&each->attention, sizeof each->attention);
  }

  /// One that nobody runs.
  FiberBlock& ready_soon() { return fibers.emplace_back(); }

  void sleeper(Program& program, std::size_t index, bool searched = true) {
    if (searched) has_searched(index);
    on_worker(program, index, [this](Worker& self) { scheduler.go_idle(self); });
  }

  std::deque<FiberBlock> fibers;
};

void report(const Result& result) {
  EXPECT_EQ(result.failure, "");
  std::cout << result.executions << " executions\n";
}

Result one_sleeper(void (*make_ready)(Idlers& scene, Worker& self), const Options& options = {}) {
  return explore(
      [make_ready](Program& program) {
        Idlers& scene = make<Idlers>(program, 2);
        scene.on_worker(program, 0, [&scene, make_ready](Worker& self) { make_ready(scene, self); });
        scene.sleeper(program, 1);  // one that is blocked for ever is a failure
      },
      options);
}

void put_next(Idlers& scene, Worker& self) {
  scene.scheduler.push_ready(self, scene.ready_soon());
}

/// The fiber goes into the ring, and the one that was in `next`, which the sleeper could have seen, is taken by the worker itself.
void put_behind_and_run_next(Idlers& scene, Worker& self) {
  self.processor->next.store(&scene.ready_soon(), std::memory_order_relaxed);
  scene.scheduler.push_in_turn(self, scene.ready_soon());
  (void)self.processor->take_next();
}

TEST(WakeModel, AFiberThatIsNextWakesTheSleeper) {
  report(one_sleeper(put_next));
}

TEST(WakeModel, AFiberInTheRingWakesTheSleeper) {
  report(one_sleeper(put_behind_and_run_next));
}

TEST(WakeModel, FindsTheWakeUpThatIsLostWithoutSeqCst) {
  Options options;
  options.weaken_seq_cst = true;
  EXPECT_NE(one_sleeper(put_behind_and_run_next, options).failure.find("blocked for ever"), std::string::npos);
}

// As go_idle is, but for the second look.
TEST(WakeModel, FindsTheWakeUpThatIsLostWithoutASecondLook) {
  const Result result = explore([](Program& program) {
    Idlers& scene = make<Idlers>(program, 2);
    scene.on_worker(program, 0, [&scene](Worker& self) { put_next(scene, self); });
    scene.has_searched(1);
    scene.on_worker(program, 1, [&scene](Worker& self) {
      self.searching = false;
      scene.scheduler.put_idle(*self.processor);
      scene.scheduler.searching_.fetch_sub(1);
      while (self.processor->idle.load(std::memory_order_acquire)) self.parker.park();
    });
  });
  EXPECT_NE(result.failure.find("blocked for ever"), std::string::npos);
}

TEST(WakeModel, AFiberOfAnOrdinaryThreadWakesTheSleeper) {
  report(explore([](Program& program) {
    Idlers& scene = make<Idlers>(program, 1);
    FiberBlock& woken = scene.ready_soon();
    program.thread([&woken] { sched::ready(woken); });
    scene.sleeper(program, 0);
  }));
}

/// Of two that go idle at least one comes back; that one searches.
Result two_sleepers(bool both_searched, int preemptions) {
  Options options;
  options.preemptions = preemptions;
  return explore(
      [both_searched](Program& program) {
        Idlers& scene = make<Idlers>(program, 3);
        scene.on_worker(program, 0, [&scene](Worker& self) { put_next(scene, self); });
        scene.sleeper(program, 1);
        scene.sleeper(program, 2, both_searched);
        program.may_block();
        program.finally([] { require(has_ended(1) || has_ended(2), "both sleep, and a fiber is ready"); });
      },
      options);
}

TEST(WakeModel, OneOfTwoSleepersThatSearchedComesBack) {
  report(two_sleepers(true, 2));
}

TEST(WakeModel, TheOneThatSearchedLooksForTheOneThatDidNot) {
  report(two_sleepers(false, 2));
}

// The last one that searches takes a fiber: it must pass the search on, since there is another.
TEST(WakeModel, WhoFindsAFiberHasTheNextLookedFor) {
  Options options;
  options.preemptions = 2;
  report(explore(
      [](Program& program) {
        Idlers& scene = make<Idlers>(program, 3);
        scene.on_worker(program, 0, [&scene](Worker& self) {
          put_next(scene, self);
          put_next(scene, self);
        });
        scene.has_searched(1);
        scene.on_worker(program, 1, [&scene](Worker& self) {
          if (scene.scheduler.steal(self, scene.processor(0), true)) {
            scene.scheduler.stop_searching(self);
          } else {
            scene.scheduler.go_idle(self);
          }
        });
        scene.sleeper(program, 2);
        program.may_block();
        program.finally([&scene] {
          const bool everyone_busy = scene.scheduler.idle_count_.load() == 0;
          require(!scene.anything_ready() || everyone_busy || scene.scheduler.searching_.load() != 0,
                  "a fiber is ready, a processor idle, and nobody searches");
        });
      },
      options));
}

TEST(WakeModel, StopWakesWhoGoesIdle) {
  Options options;
  options.preemptions = 2;
  report(explore(
      [](Program& program) {
        Scene& scene = make<Scene>(program, 2);
        scene.on_worker(program, 0, [&scene](Worker&) { scene.scheduler.stop(); });
        scene.has_searched(1);
        scene.on_worker(program, 1, [&scene](Worker& self) {
          while (!scene.scheduler.stopping()) scene.scheduler.go_idle(self);
        });
      },
      options));
}

TEST(WakeModel, AProcessorReachesTheWorkerItIsGivenTo) {
  report(explore([](Program& program) {
    Idlers& scene = make<Idlers>(program, 2);
    sched::Processor& given = scene.processor(0);
    scene.on_worker(program, 0, [&scene, &given](Worker& self) {
      self.processor = nullptr;
      scene.scheduler.give(given, scene.worker(1));
    });
    scene.worker(1).processor = nullptr;
    scene.on_worker(program, 1, [&scene, &given](Worker& self) {
      require(scene.scheduler.wait_for_processor(self) && self.processor == &given, "another processor came");
    });
  }));
}

// The monitor sleeps while all processors are idle, and must not once one is busy.
TEST(WakeModel, TheMonitorIsAwakeWhileAProcessorIsBusy) {
  report(explore([](Program& program) {
    Scene& scene = make<Scene>(program, 1);
    scene.as_worker(0, [&scene](Worker& self) { scene.scheduler.put_idle(*self.processor); });
    program.thread([&scene] { scene.scheduler.monitor_.rest(0, detail::kNever); });
    scene.on_worker(program, 0, [&scene](Worker& self) {
      scene.scheduler.take_from_idle(*self.processor, self);
      scene.scheduler.monitor_.notice_busy();
    });
  }));
}

}  // namespace
}  // namespace heddle::model
