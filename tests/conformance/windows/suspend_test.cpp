// Preempter `suspend`: the requesting thread stops the target, looks at it, and lets it go. Whatever the core does in between runs in the
// requesting thread.
#include <windows.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <thread>

#include "conformance/machine.hpp"
#include "conformance/preempter.hpp"
#include "handles.hpp"
#include "reserved_stack.hpp"
#include "scale.hpp"
#include "thread_block.hpp"

namespace conformance {
namespace {

// What `deliver` and `preempted` know. They run while a thread stands still.
const HeddlePreempter* table;
volatile uint32_t stop;
std::atomic<uint64_t> deliveries, injections;
std::atomic<DWORD> delivered_by;

bool in_probe(const void* context) {
  const uintptr_t pc = context_pc(context);
  return pc >= reinterpret_cast<uintptr_t>(probe_begin) && pc < reinterpret_cast<uintptr_t>(probe_end);
}

class Suspend : public Preempter {
 protected:
  void SetUp() override {
    Preempter::SetUp();
    table = preempter;
    stop = 0;
    deliveries = injections = 0;
  }

  // Has a worker's thread run `body` on its fiber while `requests` runs here.
  void beside(const std::function<void(Worker&)>& body, const std::function<void(HeddleThread*)>& requests) {
    Worker worker(switcher, tls, preempter);
    std::promise<void> ready, done;  // not std::atomic::wait: that of libstdc++ 12 loses wake-ups here
    std::thread target([&] {
      worker.run_undisturbed([&] {
        ready.set_value();
        body(worker);
        done.get_future().wait();
      });
    });
    ready.get_future().wait();
    requests(&worker.thread);
    stop = 1;
    done.set_value();
    target.join();
  }
};

int32_t count_delivery(HeddleThread*, void*) {
  ++deliveries;
  return 0;
}

TEST_F(Suspend, DeliversInTheThreadThatRequests) {
  core.deliver = [](HeddleThread*, void*) -> int32_t {
    delivered_by = GetCurrentThreadId();
    return 0;
  };
  delivered_by = 0;
  beside([](Worker&) { probe_spin(&stop); },
         [this](HeddleThread* target) {
           while (delivered_by == 0) ASSERT_EQ(preempter->request(target), HEDDLE_OK);
         });
  EXPECT_EQ(delivered_by, GetCurrentThreadId());
}

TEST_F(Suspend, TheTargetIsNotSuspendedAfterARequest) {
  const int requests = scaled(1000);
  core.deliver = Worker::deliver;
  core.preempted = [] { ++injections; };
  int suspended = 0;
  beside([](Worker&) { probe_spin(&stop); },
         [&](HeddleThread* target) {
           const HANDLE handle = OpenThread(THREAD_SUSPEND_RESUME | THREAD_GET_CONTEXT, FALSE,
                                            static_cast<DWORD>(target->os_thread));
           ASSERT_NE(handle, nullptr);
           for (int i = 0; i < requests || injections < 10; ++i) {
             ASSERT_EQ(preempter->request(target), HEDDLE_OK);
             if (SuspendThread(handle) != 0) ++suspended;
             // Only this makes the suspension real. Wine 8 loses one that is undone before, and the next never begins.
             alignas(16) CONTEXT context{};
             context.ContextFlags = CONTEXT_CONTROL;
             EXPECT_NE(GetThreadContext(handle, &context), 0);
             ResumeThread(handle);
           }
           CloseHandle(handle);
         });
  EXPECT_EQ(suspended, 0);
}

TEST_F(Suspend, ManyRequestsTakeNoHandles) {
  const auto wanted = static_cast<uint64_t>(scaled(10'000));
  core.deliver = Worker::deliver;
  core.preempted = [] { ++injections; };
  size_t before = 0, after = 0;
  beside([](Worker&) { probe_spin(&stop); },
         [&](HeddleThread* target) {
           while (injections < 10) ASSERT_EQ(preempter->request(target), HEDDLE_OK);
           before = handles_in_use();
           while (injections < wanted) ASSERT_EQ(preempter->request(target), HEDDLE_OK);
           after = handles_in_use();
         });
  EXPECT_GT(before, 0u);
  EXPECT_EQ(after, before);
}

TEST_F(Suspend, EnterAndLeaveTakeNoHandles) {
  const auto enter_and_leave = [this] {
    std::thread([this] {
      HeddleThread its{};
      ASSERT_EQ(tls->bind(&its), HEDDLE_OK);
      ASSERT_EQ(preempter->enter(&its), HEDDLE_OK);
      preempter->leave(&its);
      tls->clear();
    }).join();
  };
  enter_and_leave();
  const size_t before = handles_in_use();
  ASSERT_GT(before, 0u);
  for (int i = 0; i < 200; ++i) enter_and_leave();
  EXPECT_LE(handles_in_use(), before + 4);  // what the C++ library keeps of a thread that is just ending
}

// Requests that come faster than a thread may be stopped are answered, and the thread gets on; none that comes later is lost.
TEST_F(Suspend, AFloodOfRequestsLetsTheTargetGetOnAndLosesNoLaterOne) {
  core.deliver = count_delivery;
  static std::atomic<uint64_t> turns;
  turns = 0;
  uint64_t turns_in_flood = 0;
  beside(
      [](Worker&) {
        while (stop == 0) ++turns;
      },
      [&](HeddleThread* target) {
        const uint64_t first = turns;
        for (int i = 0; i < 100'000 && deliveries < 1000; ++i) ASSERT_EQ(preempter->request(target), HEDDLE_OK);
        while (turns == first) SwitchToThread();
        turns_in_flood = turns - first;
        for (int round = 0; round < 10; ++round) {
          const uint64_t before = deliveries;
          while (deliveries == before) ASSERT_EQ(preempter->request(target), HEDDLE_OK);
        }
      });
  EXPECT_GT(turns_in_flood, 0u);
}

TEST_F(Suspend, AThreadThatPreemptsItselfIsFatal) {
  const ChildResult result = run_in_child([this] {
    as_worker([this] { preempter->request(&thread); });
    return 0;
  });
  EXPECT_EQ(result.exit_status, 2);
}

TEST_F(Suspend, TheLastErrorSurvivesAnInjectedCall) {
  core.deliver = Worker::deliver;
  core.preempted = [] {
    SetLastError(4711);
    ++injections;
    stop = 1;
  };
  DWORD seen = 0;
  Worker worker(switcher, tls, preempter);
  worker.run([&] {
    SetLastError(1234);
    probe_spin(&stop);
    seen = GetLastError();
  });
  EXPECT_GT(injections, 0u);
  EXPECT_EQ(seen, 1234u);
}

// Two threads, each a fiber that stops the other whenever it runs; neither may wait for the other for good.
struct Duel {
  std::unique_ptr<Worker> workers[2];
  uint64_t turns[2] = {0, 0};
  std::atomic<int> entered{0}, left{0};
  uintptr_t program_lo = 0, program_hi = 0;
};
Duel* duel;

// Anywhere in the program's code, the port's and the system's excepted.
int32_t inject_anywhere(HeddleThread* thread, void* context) {
  HeddleRegisters at{};
  table->locate(context, &at);
  Worker& worker = *(thread == &duel->workers[0]->thread ? duel->workers[0] : duel->workers[1]);
  const bool fits = worker.stack.contains(at.sp) &&
                    at.sp - reinterpret_cast<uintptr_t>(worker.stack.lo()) > table->inject_bytes + 8192u;
  if (!fits || at.pc < duel->program_lo || at.pc >= duel->program_hi || table->inject(context) != HEDDLE_OK) return 0;
  ++worker.injected;
  return 1;
}

void fight(int number, std::chrono::steady_clock::time_point end) {
  duel->workers[number]->run_undisturbed([&] {
    ++duel->entered;
    while (duel->entered != 2) SwitchToThread();
    HeddleThread* other = &duel->workers[1 - number]->thread;
    while (std::chrono::steady_clock::now() < end) {
      table->request(other);
      for (int i = 0; i < 1000; ++i) asm volatile("" ::: "memory");
      ++duel->turns[number];
    }
    ++duel->left;  // a request may come until both are here
    while (duel->left != 2) SwitchToThread();
  });
}

TEST_F(Suspend, TwoThreadsPreemptEachOther) {
  Duel both;
  duel = &both;
  modules->enumerate(
      [](const HeddleCodeModule* module, void* argument) {
        if (module->kind != HEDDLE_CODE_PROGRAM) return;
        auto& d = *static_cast<Duel*>(argument);
        d.program_lo = module->lo;
        d.program_hi = module->hi;
      },
      &both);
  for (auto& worker : both.workers) worker = std::make_unique<Worker>(switcher, tls, preempter);
  core.deliver = inject_anywhere;
  core.preempted = [] { ++injections; };
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(2);
  std::thread first(fight, 0, end), second(fight, 1, end);
  first.join();
  second.join();
  for (int i = 0; i < 2; ++i) {
    std::printf("thread %d was interrupted %llu times\n", i, static_cast<unsigned long long>(both.workers[i]->injected));
    EXPECT_GT(both.workers[i]->injected, 0u);
    EXPECT_GT(both.turns[i], 0u);
  }
  EXPECT_EQ(injections, both.workers[0]->injected + both.workers[1]->injected);
}

// Four threads that request one that comes and goes; as in the core, each asks under a lock that the target takes before it leaves.
TEST_F(Suspend, FourThreadsRequestOneThatComesAndGoes) {
  const int rounds = scaled(500);
  static std::atomic<bool> inside;
  static std::atomic<uint64_t> outside;
  inside = false;
  outside = 0;
  core.deliver = [](HeddleThread*, void*) -> int32_t {
    ++deliveries;
    if (!inside) ++outside;
    return 0;
  };
  struct Gate {
    std::mutex lock;
    bool open = false;
  };
  std::array<Gate, 4> gates;
  const auto set_open = [&gates](bool open) {
    for (Gate& gate : gates) {
      const std::lock_guard guard(gate.lock);
      gate.open = open;
    }
  };
  HeddleThread target{};
  std::atomic<bool> done{false};
  std::atomic<uint64_t> refused{0};
  std::thread worker([&] {
    ASSERT_EQ(tls->bind(&target), HEDDLE_OK);
    for (int i = 0; i < rounds; ++i) {
      inside = true;
      ASSERT_EQ(preempter->enter(&target), HEDDLE_OK);
      const uint64_t before = deliveries;
      set_open(true);
      // Every other time it leaves in the middle of whatever there is.
      while (i % 2 == 0 && deliveries == before) SwitchToThread();
      set_open(false);
      preempter->leave(&target);
      inside = false;
    }
    tls->clear();
    done = true;
  });
  std::vector<std::thread> requesters;
  for (Gate& gate : gates) {
    requesters.emplace_back([&] {
      while (!done) {
        {
          const std::lock_guard guard(gate.lock);
          if (gate.open && preempter->request(&target) < 0) ++refused;
        }
        SwitchToThread();
      }
    });
  }
  worker.join();
  for (std::thread& requester : requesters) requester.join();
  EXPECT_EQ(outside, 0u);
  EXPECT_EQ(refused, 0u);
  EXPECT_GE(deliveries, static_cast<uint64_t>(rounds / 2));
}

// Contexts that inject must leave alone, made of one that it takes. Bit by bit what was refused and left unchanged.
template <typename Context>
auto& stack_pointer(Context& context) {
  if constexpr (requires { context.Rsp; }) {
    return context.Rsp;
  } else {
    return context.Esp;
  }
}

// In ContextFlags: CONTEXT_EXCEPTION_REPORTING, _EXCEPTION_ACTIVE and CONTEXT_SERVICE_ACTIVE, which the headers have for 64 bits only.
constexpr DWORD kReporting = 0x8000'0000, kExceptionActive = 0x0800'0000, kServiceActive = 0x1000'0000;

struct Refusals {
  ReservedStack* stack;
  uint32_t refused = 0, tried = 0;
  bool guard_lost = false, taken = false;
  uintptr_t uncommitted = 0, guard = 0;  // addresses in such pages of the stack
};
Refusals* refusals;

void try_changed(CONTEXT& context, void (*change)(CONTEXT&)) {
  static CONTEXT original, changed;
  original = context;
  change(context);
  changed = context;
  const bool refused = table->inject(&context) < 0 && std::memcmp(&changed, &context, sizeof context) == 0;
  if (refused) refusals->refused |= 1u << refusals->tried;
  ++refusals->tried;
  context = original;
}

DWORD protection_of(uintptr_t address) {
  MEMORY_BASIC_INFORMATION info{};
  VirtualQuery(reinterpret_cast<void*>(address), &info, sizeof info);
  return info.State == MEM_COMMIT ? info.Protect : 0;
}

void find_pages_below(uintptr_t sp) {
  const size_t page = 4096;
  uintptr_t at = sp / page * page;
  while ((protection_of(at) & PAGE_GUARD) == 0 && at > reinterpret_cast<uintptr_t>(refusals->stack->lo())) at -= page;
  refusals->guard = at;
  refusals->uncommitted = at - page;
}

int32_t try_everything(HeddleThread*, void* machine_context) {
  auto& context = *static_cast<CONTEXT*>(machine_context);
  if (!in_probe(machine_context)) return 0;
  find_pages_below(stack_pointer(context));
  refusals->refused = refusals->tried = 0;
  try_changed(context, [](CONTEXT& c) { c.EFlags |= 0x100; });
  try_changed(context, [](CONTEXT& c) { c.SegCs ^= 0x10; });
  try_changed(context, [](CONTEXT& c) { c.ContextFlags |= kReporting | kExceptionActive; });
  try_changed(context, [](CONTEXT& c) { c.ContextFlags |= kReporting | kServiceActive; });
  try_changed(context, [](CONTEXT& c) { stack_pointer(c) = static_cast<uintptr_t>(refusals->uncommitted + 0x800); });
  try_changed(context, [](CONTEXT& c) { stack_pointer(c) = static_cast<uintptr_t>(refusals->guard); });
  try_changed(context, [](CONTEXT& c) { stack_pointer(c) = 0x1000; });
  // Whether or not it takes a stack pointer right above the guard page: the page must still be one.
  static CONTEXT original;
  original = context;
  stack_pointer(context) = refusals->guard + 4096 + 8;
  table->inject(&context);
  context = original;
  refusals->guard_lost = (protection_of(refusals->guard) & PAGE_GUARD) == 0;
  const bool taken = table->inject(&context) == HEDDLE_OK;
  if (taken) refusals->taken = true;
  return taken ? 1 : 0;
}

TEST_F(Suspend, ContextsThatCannotBeInterruptedAreRefusedAndLeftAsTheyWere) {
  ReservedStack stack(stacks, 256 << 10);
  Refusals all{&stack};
  refusals = &all;
  core.deliver = try_everything;
  core.preempted = [] { stop = 1; };
  // A worker whose fiber runs on a stack that the port has reserved.
  Worker worker(switcher, tls, preempter);
  worker.run([&] {
    Fiber on_reserved(switcher, stack.lo(), stack.hi(), [](Fiber&) { probe_spin(&stop); });
    on_reserved.enter();
  });
  EXPECT_TRUE(all.taken);
  EXPECT_EQ(all.tried, 7u);
  EXPECT_EQ(all.refused, 0x7fu) << std::hex << all.refused;
  EXPECT_NE(all.guard, reinterpret_cast<uintptr_t>(stack.lo()));
  EXPECT_FALSE(all.guard_lost);
}

// An injected call near the guard page grows the stack, as any frame does, and the fiber goes on there.
__attribute__((noinline)) void spin_below(size_t bytes) {
  auto* const frame = static_cast<volatile char*>(__builtin_alloca(bytes));
  frame[0] = 1;
  probe_spin(&stop);
  frame[1] = 1;
}

int32_t inject_in_probe(HeddleThread*, void* context) {
  ++deliveries;
  return in_probe(context) && table->inject(context) == HEDDLE_OK ? 1 : 0;
}

TEST_F(Suspend, AnInjectedCallGrowsTheStack) {
  core.deliver = inject_in_probe;
  core.preempted = [] {
    ++injections;
    stop = 1;
  };
  Worker worker(switcher, tls, preempter);
  uint64_t grown = 0;
  worker.run([&] {
    // A new stack has two pages. In steps of less than what inject writes, so that some sp is right above the guard page.
    for (size_t bytes = 4096; bytes < 9000; bytes += 16) {
      ReservedStack stack(stacks, 256 << 10);
      stop = 0;
      uintptr_t before = 0, after = 0;
      Fiber it(switcher, stack.lo(), stack.hi(), [&](Fiber&) {
        before = StackWords::now().limit;
        spin_below(bytes);
        after = StackWords::now().limit;
      });
      it.enter();
      if (after < before) ++grown;
    }
  });
  EXPECT_GE(injections, 300u);
  EXPECT_GT(grown, 0u);
}

}  // namespace
}  // namespace conformance
