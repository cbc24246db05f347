// The word that tells checkpoints of requests: it is raised whenever a fiber is asked to give way and has not done so.
#include "model/scene.hpp"

#include "sched/core_section.hpp"

#include <heddle/detail/preemption_request.hpp>

namespace heddle::model {
namespace {

using heddle::detail::preemption_pending;
using sched::Worker;

struct Asked : Scene {
  Asked(Program& program, std::uint32_t workers) : Scene(program, workers, Requests::kChecked) {
    program.quiet(&scheduler.preemption_requests_, sizeof scheduler.preemption_requests_);
    program.finally([this] {
      for (const auto& worker : scheduler.workers_)
        require(!worker->preemption_requested() || preemption_pending.load() != 0,
                "a fiber is asked, and no checkpoint sees it");
    });
  }

  /// The worker's fiber gives way, whether it is asked to or not.
  static void switches(Worker& worker) { worker.poison.store(0, std::memory_order_relaxed); }

  void poisoner(Program& program, std::size_t index) {
    program.thread([this, index] { scheduler.poison(worker(index)); });
  }
  void reviewer(Program& program, int times = 1) {
    program.thread([this, times] {
      for (int time = 0; time < times; ++time) scheduler.review_requests();
    });
  }
};

void expect_no_fault(const Result& result) {
  EXPECT_EQ(result.failure, "");
  std::cout << result.executions << " executions\n";
}

Result one_is_asked(const Options& options = {}) {
  return explore(
      [](Program& program) {
        Asked& scene = make<Asked>(program, 1);
        preemption_pending.store(1);  // of an earlier request, which was met
        scene.poisoner(program, 0);
        scene.reviewer(program, 2);
      },
      options);
}

TEST(RequestModel, IsSeenBesideAReview) {
  expect_no_fault(one_is_asked());
}

TEST(RequestModel, FindsTheRequestThatIsLostWithoutSeqCst) {
  Options options;
  options.weaken_seq_cst = true;
  EXPECT_NE(one_is_asked(options).failure.find("no checkpoint sees it"), std::string::npos);
}

// As poison is, but the other way round.
TEST(RequestModel, FindsTheRequestThatIsLostWhenTheWordComesFirst) {
  const Result result = explore([](Program& program) {
    Asked& scene = make<Asked>(program, 1);
    preemption_pending.store(1);
    program.thread([&scene] {
      preemption_pending.store(1, std::memory_order_relaxed);
      std::atomic_thread_fence(std::memory_order_seq_cst);
      scene.worker(0).poison.store(sched::kPoison, std::memory_order_relaxed);
    });
    scene.reviewer(program);
  });
  EXPECT_NE(result.failure.find("no checkpoint sees it"), std::string::npos);
}

TEST(RequestModel, IsSeenBesideOneThatIsMet) {
  expect_no_fault(explore([](Program& program) {
    Asked& scene = make<Asked>(program, 2);
    scene.poisoner(program, 0);
    scene.poisoner(program, 1);
    scene.on_worker(program, 0, Asked::switches);
    scene.reviewer(program);
  }));
}

TEST(RequestModel, OfTwoToTheSameFiberIsSeen) {
  expect_no_fault(explore([](Program& program) {
    Asked& scene = make<Asked>(program, 1);
    scene.poisoner(program, 0);
    scene.poisoner(program, 0);
    scene.on_worker(program, 0, Asked::switches);
    scene.reviewer(program, 2);
  }));
}

// While another worker takes the processor over, by which the monitor finds those that run.
TEST(RequestModel, IsSeenWhereTheWorkerLosesItsProcessor) {
  expect_no_fault(explore([](Program& program) {
    Asked& scene = make<Asked>(program, 2);
    preemption_pending.store(1);
    sched::Processor& processor = scene.processor(0);
    Worker& loses = scene.worker(0);
    scene.as_worker(0, [](Worker& worker) {
      worker.enter_foreign();
      sched::leave_core(worker);
    });
    program.thread([&scene, &processor, &loses] {
      if (scene.scheduler.take_away(processor, loses)) scene.scheduler.give(processor, scene.worker(1));
    });
    program.thread([&scene, &processor] { scene.scheduler.poison(*processor.worker.load(std::memory_order_acquire)); });
    scene.reviewer(program);
  }));
}

}  // namespace
}  // namespace heddle::model
