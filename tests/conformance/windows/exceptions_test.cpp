// The exceptions that the program handles still reach it: a fault on a fiber's stack, while the preempter is at work, comes to a vectored
// handler, to a handler of a frame and to the unhandled-exception filter.
//
// The fault is a write to a page that has no access; whoever handles it gives access, and the write is made again.
#include "guarded_call.hpp"

#include "conformance/machine.hpp"
#include "conformance/worker.hpp"
#include "scale.hpp"

namespace conformance {
namespace {

volatile char* page;
int repairs;

// 0 when the exception is another one.
bool repair(const EXCEPTION_RECORD& record) {
  if (record.ExceptionCode != EXCEPTION_ACCESS_VIOLATION) return false;
  if (record.ExceptionInformation[1] != reinterpret_cast<uintptr_t>(page)) return false;
  DWORD before = 0;
  VirtualProtect(const_cast<char*>(page), 1, PAGE_READWRITE, &before);
  ++repairs;
  return true;
}

void fault() {
  DWORD before = 0;
  VirtualProtect(const_cast<char*>(page), 1, PAGE_NOACCESS, &before);
  page[0] = 1;
}

LONG CALLBACK vectored(EXCEPTION_POINTERS* pointers) {
  return repair(*pointers->ExceptionRecord) ? EXCEPTION_CONTINUE_EXECUTION : EXCEPTION_CONTINUE_SEARCH;
}

LONG WINAPI unhandled(EXCEPTION_POINTERS* pointers) {
  return repair(*pointers->ExceptionRecord) ? EXCEPTION_CONTINUE_EXECUTION : EXCEPTION_CONTINUE_SEARCH;
}

volatile uint32_t stop;

class HostExceptions : public Conformance {
 protected:
  void SetUp() override {
    Conformance::SetUp();
    page = static_cast<char*>(VirtualAlloc(nullptr, 1, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE));
    repairs = 0;
  }
  void TearDown() override {
    VirtualFree(const_cast<char*>(page), 0, MEM_RELEASE);
    Conformance::TearDown();
  }

  // Raises faults on a fiber's stack, each after an interruption of the fiber. How many came back repaired.
  int count_repairs(const std::function<void()>& raise) {
    core.deliver = Worker::deliver;
    core.preempted = [] { stop = 1; };
    Worker worker(switcher, tls, preempter);
    worker.run([&] {
      for (int i = 0; i < rounds; ++i) {
        stop = 0;
        probe_spin(&stop);
        page[0] = 0;
        raise();
        if (page[0] != 1) repairs = -1'000'000;
      }
    });
    EXPECT_GE(worker.injected, static_cast<uint64_t>(rounds));
    return repairs;
  }

  const int rounds = scaled(200);
};

TEST_F(HostExceptions, AVectoredHandlerSeesThem) {
  void* const handler = AddVectoredExceptionHandler(1, vectored);
  EXPECT_EQ(count_repairs(fault), rounds);
  RemoveVectoredExceptionHandler(handler);
}

TEST_F(HostExceptions, AHandlerOfAFrameSeesThem) {
  EXPECT_EQ(count_repairs([] { guarded_call([](void*) { fault(); }, nullptr); }), rounds);
}

TEST_F(HostExceptions, TheUnhandledExceptionFilterSeesThem) {
  const ChildResult result = run_in_child([this] {
    SetUnhandledExceptionFilter(unhandled);
    return count_repairs(fault) == rounds ? 0 : 1;
  });
  EXPECT_EQ(result.exit_status, 0) << std::hex << result.fatal;
}

TEST_F(HostExceptions, TheFilterSeesThemFromACallOnAnotherStack) {
  const ChildResult result = run_in_child([this] {
    SetUnhandledExceptionFilter(unhandled);
    Stack stack;
    switcher->call_on(
        stack.hi(),
        [](void*) -> void* {
          fault();
          return nullptr;
        },
        nullptr);
    return repairs == 1 ? 0 : 1;
  });
  EXPECT_EQ(result.exit_status, 0) << std::hex << result.fatal;
}

// A foreign call, and a callback: the function runs below a context that is parked or fresh.
TEST_F(HostExceptions, TheFilterSeesThemFromACallBelowAContext) {
  const ChildResult result = run_in_child([this] {
    SetUnhandledExceptionFilter(unhandled);
    Stack stack;
    HeddleContext here{}, below{};
    switcher->make(
        &below, stack.lo(), stack.hi(), [](void*, void*) {}, nullptr);
    const auto raise = [](void*) -> void* {
      fault();
      return nullptr;
    };
    for (int i = 0; i < 2; ++i) switcher->park_and_call(&here, &below, raise, nullptr);
    return repairs == 2 ? 0 : 1;
  });
  EXPECT_EQ(result.exit_status, 0) << std::hex << result.fatal;
}

TEST_F(HostExceptions, WhatNobodyHandlesEndsTheProcessWithItsCode) {
  const ChildResult result = run_in_child([this] {
    Worker worker(switcher, tls, preempter);
    worker.run(fault);
    return 0;
  });
  EXPECT_EQ(result.fatal, kMemoryFault);
}

}  // namespace

EXCEPTION_DISPOSITION guarded_call_handler(EXCEPTION_RECORD* record, void*, CONTEXT*, void*) {
  return repair(*record) ? ExceptionContinueExecution : ExceptionContinueSearch;
}

}  // namespace conformance
