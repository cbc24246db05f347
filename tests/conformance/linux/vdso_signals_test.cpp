// Signals in the middle of a vDSO call, at known places and counted: a vDSO of the tests' own sends them (test_vdso.hpp).
#include <unistd.h>

#include <csignal>
#include <ctime>
#include <memory>
#include <thread>
#include <vector>

#include "conformance/worker.hpp"
#include "test_vdso.hpp"

namespace conformance {
namespace {

constexpr int64_t kBeyond2038 = 0x1'2345'678a;  // seconds; more than 32 bits, and the sum carries into the upper half
constexpr int64_t kLastNanosecond = 999'999'999;
constexpr int64_t kAnswer = kBeyond2038 * 1'000'000'000 + kLastNanosecond;

class VdsoSignals : public Conformance {
 protected:
  void show(const char* path) {
    image = std::make_unique<TestVdso>(path);
    image->script().now = {kBeyond2038, kLastNanosecond};
    ASSERT_EQ(reopen(), HEDDLE_OK);
  }
  void TearDown() override {
    Conformance::TearDown();
    image.reset();
  }

  std::unique_ptr<TestVdso> image;
};

TEST_F(VdsoSignals, TheClockIsFoundThroughEitherHashTable) {
  for (const char* path : {TEST_VDSO_SYSV, TEST_VDSO_GNU}) {
    show(path);
    EXPECT_STREQ(vdso->source, "vdso") << path;
    EXPECT_EQ(vdso->monotonic_ns(), kAnswer) << path;
    EXPECT_EQ(image->script().last_clock, CLOCK_MONOTONIC);
    EXPECT_EQ(vdso->realtime_ns(), kAnswer) << path;
    EXPECT_EQ(image->script().last_clock, CLOCK_REALTIME);
    image.reset();
  }
}

TEST_F(VdsoSignals, AnotherVersionOfTheClockIsNotTaken) {
  show(TEST_VDSO_OTHER_VERSION);
  EXPECT_STREQ(vdso->source, "syscall");
  EXPECT_TRUE(logged("LINUX_"));
  const int64_t before = system_call->monotonic_ns();
  EXPECT_GE(vdso->monotonic_ns(), before);
  EXPECT_LT(vdso->monotonic_ns(), kAnswer);
}

// A call of the clock that a handler interrupted, as the handler found things.
struct Sight {
  uintptr_t caller_pc, caller_sp;
  void* published;
  bool in_vdso, on_system_stack;
};

struct Watch {
  const HeddleVdsoCaller* clock;
  Worker* worker;
  TestVdso* image;
  int nested;  // how many more signals the handler's own readings are to be hit by
  std::vector<Sight> sights;
  int wrong_answers = 0, not_restored = 0;
};
Watch* watch;

// Notes what it finds, then reads the clock itself, and sees that all is as before.
int32_t look(HeddleThread*, void* context) {
  HeddleThread& thread = watch->worker->thread;
  HeddleRegisters at{};
  watch->worker->preempter()->locate(context, &at);
  auto** const bottom = reinterpret_cast<void**>(thread.signal_lo);
  const Sight sight{thread.vdso_pc, thread.vdso_sp, *bottom, watch->clock->contains(at.pc) != 0,
                    at.sp >= thread.system_lo && at.sp < thread.system_hi};
  watch->sights.push_back(sight);
  const int remaining = watch->image->script().signals;
  watch->image->script().signals = 0;
  for (int i = 0; i < 3; ++i) {
    if (i == 1 && watch->nested > 0) {
      --watch->nested;
      watch->image->script().signals = 1;
    }
    if (watch->clock->monotonic_ns() != kAnswer) ++watch->wrong_answers;
  }
  watch->image->script().signals = remaining;
  if (thread.vdso_pc != sight.caller_pc || thread.vdso_sp != sight.caller_sp || *bottom != sight.published) {
    ++watch->not_restored;
  }
  return 0;
}

// SIGUSR1 may nest; the port's own signal may not, so that one that is sent while it is handled waits.
void look_from_a_nested_signal(int, siginfo_t*, void* context) {
  look(&watch->worker->thread, context);
}

void request_own_preemption(int) {
  watch->worker->preempter()->request(&watch->worker->thread);
}

void handle_with(void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_ONSTACK;
  sigfillset(&action.sa_mask);
  ASSERT_EQ(sigaction(SIGUSR1, &action, nullptr), 0);
}

void handle_nested() {
  struct sigaction action {};
  action.sa_sigaction = look_from_a_nested_signal;
  action.sa_flags = SA_ONSTACK | SA_SIGINFO | SA_NODEFER;
  ASSERT_EQ(sigaction(SIGUSR1, &action, nullptr), 0);
}

void expect_call_of(const Sight& sight, Worker& worker) {
  EXPECT_TRUE(sight.in_vdso);
  EXPECT_TRUE(sight.on_system_stack);
  EXPECT_EQ(sight.published, worker.thread.fiber);
  EXPECT_NE(sight.caller_pc, 0u);
  EXPECT_TRUE(worker.stack.contains(sight.caller_sp));
}

TEST_F(VdsoSignals, EachOfOneTwoAndThreeInOneCallFindsTheFiber) {
  show(TEST_VDSO_GNU);
  core.deliver = look;
  handle_with(request_own_preemption);
  for (const int count : {1, 2, 3}) {
    Worker worker(switcher, tls, preempter);
    Watch all{vdso, &worker, image.get(), 0, {}};
    watch = &all;
    worker.run_undisturbed([&] {
      image->send(count, SIGUSR1);
      EXPECT_EQ(vdso->monotonic_ns(), kAnswer);
      EXPECT_EQ(worker.thread.vdso_pc, 0u);
      EXPECT_EQ(worker.thread.vdso_sp, 0u);
      EXPECT_EQ(*reinterpret_cast<void**>(worker.thread.signal_lo), nullptr);
      for (const Sight& sight : all.sights) expect_call_of(sight, worker);
    });
    EXPECT_EQ(all.sights.size(), static_cast<size_t>(count));
    EXPECT_EQ(all.wrong_answers, 0);
    EXPECT_EQ(all.not_restored, 0);
  }
}

TEST_F(VdsoSignals, AHandlersReadingThatIsInterruptedAgainLeavesTheFirstOneAsItWas) {
  show(TEST_VDSO_GNU);
  handle_nested();
  for (const int nested : {1, 2, 3}) {
    Worker worker(switcher, tls, preempter);
    Watch all{vdso, &worker, image.get(), nested, {}};
    watch = &all;
    worker.run_undisturbed([&] {
      image->send(1, SIGUSR1);
      EXPECT_EQ(vdso->realtime_ns(), kAnswer);
      EXPECT_EQ(worker.thread.vdso_pc, 0u);
      EXPECT_EQ(*reinterpret_cast<void**>(worker.thread.signal_lo), nullptr);
      ASSERT_FALSE(all.sights.empty());
      expect_call_of(all.sights[0], worker);
      // The others interrupted a handler's reading: on the signal stack, its caller noted, the fiber still there.
      for (size_t i = 1; i < all.sights.size(); ++i) {
        EXPECT_TRUE(all.sights[i].in_vdso);
        EXPECT_FALSE(all.sights[i].on_system_stack);
        EXPECT_NE(all.sights[i].caller_pc, all.sights[0].caller_pc);
        EXPECT_GE(all.sights[i].caller_sp, worker.thread.signal_lo);
        EXPECT_LT(all.sights[i].caller_sp, worker.thread.signal_hi);
        EXPECT_EQ(all.sights[i].published, worker.thread.fiber);
      }
    });
    EXPECT_EQ(all.sights.size(), static_cast<size_t>(nested) + 1);
    EXPECT_EQ(all.wrong_answers, 0);
    EXPECT_EQ(all.not_restored, 0);
  }
}

// What a handler finds on a thread of the program's own.
struct Foreign {
  const HeddleTlsProvider* tls;
  int signals = 0, bound = 0;
};
Foreign* foreign;

void look_on_a_foreign_thread(int) {
  ++foreign->signals;
  if (foreign->tls->get() != nullptr) ++foreign->bound;
}

TEST_F(VdsoSignals, OnAThreadWithoutAFiberTheSignalIsAForeignThreads) {
  show(TEST_VDSO_GNU);
  Foreign all{tls};
  foreign = &all;
  handle_with(look_on_a_foreign_thread);
  std::thread([&] {
    for (const int count : {1, 2, 3}) {
      image->send(count, SIGUSR1);
      EXPECT_EQ(vdso->monotonic_ns(), kAnswer);
    }
  }).join();
  EXPECT_EQ(all.signals, 6);
  EXPECT_EQ(all.bound, 0);
}

TEST_F(VdsoSignals, AfterLeaveNothingIsWrittenToTheSignalStackThatIsGone) {
  show(TEST_VDSO_GNU);
  Worker worker(switcher, tls, preempter);
  worker.run_undisturbed([] {});
  ASSERT_EQ(tls->bind(&worker.thread), HEDDLE_OK);
  worker.thread.fiber = &worker;
  EXPECT_EQ(worker.thread.signal_lo, 0u);
  // The system stack is this thread's own, so the call stays where it is.
  EXPECT_EQ(vdso->monotonic_ns(), kAnswer);
  worker.thread.fiber = nullptr;
  tls->clear();
}

}  // namespace
}  // namespace conformance
