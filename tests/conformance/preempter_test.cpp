// Preempter: what any strategy must do. linux/signal_test.cpp and windows/suspend_test.cpp have what is particular to theirs.
#include "preempter.hpp"

#include <thread>

#include "machine.hpp"

namespace conformance {
namespace {

// What `deliver` and `preempted` note. They run where nothing may be allocated.
const HeddlePreempter* table;
volatile uint32_t stop;
std::atomic<uint64_t> deliveries;
HeddleThread* told;

class Delivery : public Preempter {
 protected:
  void SetUp() override {
    Preempter::SetUp();
    table = preempter;
    stop = 0;
    deliveries = 0;
    told = nullptr;
  }
};

TEST_F(Delivery, TellsTheThreadThatStandsStill) {
  core.deliver = [](HeddleThread* worker, void*) -> int32_t {
    told = worker;
    stop = 1;
    return 0;
  };
  Worker worker(switcher, tls, preempter);
  worker.run([] { probe_spin(&stop); });
  EXPECT_EQ(told, &worker.thread);
}

TEST_F(Delivery, NothingIsDeliveredWithoutARequestNorAfterLeave) {
  core.deliver = [](HeddleThread*, void*) -> int32_t {
    ++deliveries;
    return 0;
  };
  Worker worker(switcher, tls, preempter);
  worker.run_undisturbed([] {});
  EXPECT_EQ(worker.thread.preempter_data, nullptr);
  std::thread([&] { EXPECT_LT(preempter->request(&worker.thread), 0); }).join();
  EXPECT_EQ(deliveries, 0u);
}

TEST_F(Delivery, LocateReadsTheInterruptedPc) {
  static uintptr_t expected_pc, located_pc, located_sp;
  core.deliver = [](HeddleThread* worker, void* context) -> int32_t {
    HeddleRegisters at{};
    table->locate(context, &at);
    if (!Worker::of(worker).stack.contains(at.sp)) return 0;
    located_pc = at.pc;
    located_sp = at.sp;
    expected_pc = context_pc(context);
    stop = 1;
    return 0;
  };
  Worker worker(switcher, tls, preempter);
  worker.run([] { probe_spin(&stop); });
  EXPECT_NE(located_pc, 0u);
  EXPECT_EQ(located_pc, expected_pc);
  EXPECT_TRUE(worker.stack.contains(located_sp));
}

TEST_F(Delivery, InjectRefusesThePortsOwnCode) {
  static uintptr_t inside;
  static int32_t result;
  static bool unchanged;
  inside = reinterpret_cast<uintptr_t>(switcher->swap) + 8;
  core.deliver = [](HeddleThread*, void* context) -> int32_t {
    const uintptr_t pc = context_pc(context);
    if (pc < reinterpret_cast<uintptr_t>(probe_begin) || pc >= reinterpret_cast<uintptr_t>(probe_end)) return 0;
    set_context_pc(context, inside);
    result = table->inject(context);
    unchanged = context_pc(context) == inside;
    set_context_pc(context, pc);
    stop = 1;
    return 0;
  };
  Worker worker(switcher, tls, preempter);
  worker.run([] { probe_spin(&stop); });
  EXPECT_LT(result, 0);
  EXPECT_TRUE(unchanged);
}

TEST_F(Delivery, InjectBytesCoverWhatTheInjectedCallUses) {
  static uintptr_t interrupted_sp, core_sp;
  core.deliver = [](HeddleThread* worker, void* context) -> int32_t {
    HeddleRegisters at{};
    table->locate(context, &at);
    const int32_t done = Worker::deliver(worker, context);
    if (done == 1) interrupted_sp = at.sp;
    return done;
  };
  core.preempted = [] {
    core_sp = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
    stop = 1;
  };
  Worker worker(switcher, tls, preempter);
  worker.run([] { probe_spin(&stop); });
  ASSERT_GT(interrupted_sp, core_sp);
  EXPECT_LE(interrupted_sp - core_sp, preempter->inject_bytes + 128u);  // and the frames of the fake core
}

}  // namespace
}  // namespace conformance
