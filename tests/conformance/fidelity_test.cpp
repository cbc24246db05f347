// An injected call changes nothing that the interrupted code can see. Loops in assembly hold a pattern in every register, are
// interrupted 10,000 times (system.hpp: interruptions), and the core in between leaves other values in everything; in one case it
// also takes the fiber to another thread each time.
#include <atomic>
#include <cstdio>
#include <cstring>
#include <memory>
#include <new>
#include <random>
#include <thread>

#include "machine.hpp"
#include "worker.hpp"

namespace conformance {
namespace {

const uint64_t injections = interruptions(10'000);

constexpr std::align_val_t kImageAlignment{64};

struct Free {
  void operator()(void* p) const { ::operator delete(p, kImageAlignment); }
};
using Image = std::unique_ptr<void, Free>;

Image make_zeros() {
  Image image(::operator new(extended_bytes(), kImageAlignment));
  std::memset(image.get(), 0, extended_bytes());
  return image;
}

Image make_image(uint64_t seed) {
  Image image = make_zeros();
  fill_extended(image.get(), seed);
  return image;
}

Image scribble;                     // what the core leaves in the extended registers
std::atomic<uint64_t> preemptions;  // returned from the core
volatile uint32_t stop;

void preempted_and_scribble() {
  if (preemptions.fetch_add(1) + 1 >= injections) stop = 1;
  if (scribble != nullptr) load_extended(scribble.get());
}

class Fidelity : public Conformance {
 protected:
  void SetUp() override {
    Conformance::SetUp();
    seed = std::random_device()();
    std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
    preemptions = 0;
    stop = 0;
    if (extended_bytes() != 0) scribble = make_image(~seed);
    core.deliver = Worker::deliver;
    core.preempted = preempted_and_scribble;
  }
  void TearDown() override {
    Conformance::TearDown();
    scribble.reset();
  }

  // Runs the loop as a fiber until it was interrupted often enough; returns what it says.
  uint64_t interrupt(const std::function<uint64_t()>& loop) {
    Worker worker(switcher, tls, preempter);
    uint64_t changed = ~uint64_t{0};
    worker.run([&] { changed = loop(); });
    EXPECT_GE(worker.injected, injections);
    EXPECT_EQ(preemptions, worker.injected);
    return changed;
  }

  uint64_t seed = 0;
};

TEST_F(Fidelity, GeneralRegistersFlagsAndRedZone) {
  for (const GeneralProbe probe : general_probes()) {
    preemptions = 0;
    stop = 0;
    EXPECT_EQ(interrupt([&] { return probe(&stop, seed); }), 0u);
  }
}

TEST_F(Fidelity, EveryExtendedComponent) {
  if (extended_bytes() == 0) GTEST_SKIP() << "this processor can't say what extended registers it has";
  std::thread([this] {
    std::printf("tiles: %s\n", request_components().c_str());
    const Image image = make_image(seed);
    const Image seen = make_zeros();
    scribble = make_image(~seed);
    ExtendedProbe probe{&stop, image.get(), seen.get(), extended_bytes()};
    EXPECT_EQ(interrupt([&] { return probe_extended(&probe); }), 0u);
  }).join();
}

TEST_F(Fidelity, ComponentsInTheirInitialState) {
  if (extended_bytes() == 0) GTEST_SKIP() << "this processor can't say what extended registers it has";
  // Nothing in use but the control words: whatever the core leaves in the registers must be gone again.
  const Image image = make_zeros();
  const Image seen = make_zeros();
  fill_initial(image.get());
  ExtendedProbe probe{&stop, image.get(), seen.get(), extended_bytes()};
  EXPECT_EQ(interrupt([&] { return probe_extended(&probe); }), 0u);
}

// Two threads that pass one fiber back and forth: whoever is interrupted hands it to the other.
struct Relay {
  const HeddleContextSwitcher* switcher;
  const HeddleTlsProvider* tls;
  const HeddlePreempter* preempter;
  HeddleThread threads[2]{};
  Stack stack;
  HeddleContext fiber{};
  std::atomic<int> turn{0};  // whose the fiber is; -1 when it has ended
  uint64_t changed = ~uint64_t{0};
  std::function<uint64_t()> loop;
  std::atomic<uint64_t> wrong{0};  // seen in the loop: what belongs to another thread than it ran on
};
Relay* relay;

void preempted_and_move() {
  preempted_and_scribble();
  HeddleThread* thread = relay->tls->get();
  relay->switcher->swap(&relay->fiber, &thread->system, relay);
}

int32_t deliver_in_relay(HeddleThread* thread, void* machine_context) {
  HeddleRegisters at{};
  relay->preempter->locate(machine_context, &at);
  if (at.pc < reinterpret_cast<uintptr_t>(probe_begin) || at.pc >= reinterpret_cast<uintptr_t>(probe_end)) return 0;
  if (!relay->stack.contains(at.sp)) return 0;
  relay->wrong += wrong_marks(thread == &relay->threads[0] ? 0 : 1, *thread, machine_context);
  return relay->preempter->inject(machine_context) == HEDDLE_OK ? 1 : 0;
}

void relay_entry(void*, void*) {
  relay->changed = relay->loop();
  relay->switcher->jump(&relay->tls->get()->system, nullptr);
}

void relay_thread(int index) {
  HeddleThread& thread = relay->threads[index];
  mark_thread(index);
  ASSERT_EQ(relay->tls->bind(&thread), HEDDLE_OK);
  ASSERT_EQ(relay->preempter->enter(&thread), HEDDLE_OK);
  for (const Ticker ticker(relay->tls, relay->preempter); relay->turn != -1;) {
    // Not std::atomic::wait: in that, under Wine, one run of four stood still while both threads were being suspended.
    while (relay->turn == 1 - index) std::this_thread::yield();
    if (relay->turn != index) continue;
    thread.fiber = relay;
    const void* parked = relay->switcher->swap(&thread.system, &relay->fiber, nullptr);
    thread.fiber = nullptr;
    relay->turn.exchange(parked == nullptr ? -1 : 1 - index);
  }
  relay->preempter->leave(&thread);
  relay->tls->clear();
}

TEST_F(Fidelity, OnAnotherThreadEachTime) {
  Relay both{switcher, tls, preempter, {}, {}, {}, {0}, ~uint64_t{0}, {}, {0}};
  relay = &both;
  both.loop = [this] { return general_probes().front()(&stop, seed); };
  core.deliver = deliver_in_relay;
  core.preempted = preempted_and_move;
  switcher->make(&both.fiber, both.stack.lo(), both.stack.hi(), relay_entry, nullptr);
  std::thread first(relay_thread, 0), second(relay_thread, 1);
  first.join();
  second.join();
  EXPECT_EQ(both.changed, 0u);
  EXPECT_EQ(both.wrong, 0u);
  EXPECT_GE(preemptions, injections);
}

}  // namespace
}  // namespace conformance
