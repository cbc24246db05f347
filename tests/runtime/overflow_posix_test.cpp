// Overflows and the program's handlers: the overflow of a fiber is the runtime's, every other fault the program's, as if there were no runtime.
#include "runtime/child.hpp"
#include "runtime/named.hpp"
#include "runtime/scenario.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csetjmp>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace heddle::test {
namespace {

using std::chrono::seconds;

bool says(const Outcome& outcome, const std::string& text) {
  return outcome.err.find(text) != std::string::npos;
}

void install(int number, void (*handler)(int, siginfo_t*, void*), int flags = 0, const std::vector<int>& masked = {}) {
  struct sigaction action {};
  action.sa_sigaction = handler;
  action.sa_flags = SA_SIGINFO | flags;
  for (const int other : masked) sigaddset(&action.sa_mask, other);
  sigaction(number, &action, nullptr);
}

void is_reported(const Outcome& outcome) {
  EXPECT_EQ(outcome.exit_code, 2) << describe(outcome);
  EXPECT_TRUE(says(outcome, "heddle: fatal: stack overflow: fiber ")) << describe(outcome);
  EXPECT_TRUE(says(outcome, "    at named_recurse+0x")) << describe(outcome);
}

class OverflowBesideAHandlerWith : public testing::TestWithParam<int> {};

TEST_P(OverflowBesideAHandlerWith, IsTheRuntimes) {
  const Outcome outcome = in_child([] {
    for (const int number : {SIGSEGV, SIGBUS})
      install(
          number, [](int, siginfo_t*, void*) { _exit(7); }, GetParam());
    run(config(kPreemptive, 2), [] { Fiber({.name = "culprit"}, named_recurse).join(); });
  });
  is_reported(outcome);
}

INSTANTIATE_TEST_SUITE_P(Flags, OverflowBesideAHandlerWith,
                         testing::Values(0, SA_ONSTACK, SA_NODEFER, static_cast<int>(SA_RESETHAND)));

TEST(OverflowBesideAHandler, IsTheRuntimesWhenTheSignalIsIgnored) {
  const Outcome outcome = in_child([] {
    signal(SIGSEGV, SIG_IGN);
    run(config("none", 2), [] { Fiber({.name = "culprit"}, named_recurse).join(); });
  });
  is_reported(outcome);
}

TEST(OverflowBesideAHandler, OfAThreadThatIsNotInsideIsTheHandlers) {
  const Outcome outcome = in_child([] {
    install(
        SIGSEGV, [](int, siginfo_t*, void*) { _exit(7); }, SA_ONSTACK);
    run(config(kPreemptive, 2), [] {
      std::thread thread([] {
        const std::size_t bytes = 64 << 10;
        const auto memory = std::make_unique<char[]>(bytes);
        stack_t own{};
        own.ss_sp = memory.get();
        own.ss_size = bytes;
        sigaltstack(&own, nullptr);
        callback([] {});
        named_recurse();
      });
      blocking([&] { thread.join(); });
    });
  });
  EXPECT_EQ(outcome.exit_code, 7) << describe(outcome);
  EXPECT_FALSE(says(outcome, "heddle:")) << describe(outcome);
}

/// A page that cannot be written to until a handler sees to that.
class Page {
 public:
  Page() : bytes_(static_cast<std::size_t>(sysconf(_SC_PAGESIZE))) {
    place_ = mmap(nullptr, bytes_, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  }
  ~Page() { munmap(place_, bytes_); }
  Page(const Page&) = delete;
  Page& operator=(const Page&) = delete;

  void close() { mprotect(place_, bytes_, PROT_READ); }
  volatile int& word() { return *static_cast<volatile int*>(place_); }

  static void open(void* at) {
    const auto bytes = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
    mprotect(reinterpret_cast<void*>(reinterpret_cast<std::uintptr_t>(at) / bytes * bytes), bytes, PROT_READ | PROT_WRITE);
  }

 private:
  std::size_t bytes_;
  void* place_;
};

std::atomic<int> mended{0};

/// Opens the page, and changes errno, which the faulting code is to find changed.
void mend(int, siginfo_t* info, void*) {
  ++mended;
  errno = 77;
  Page::open(info->si_addr);
}

TEST(FaultThatIsMended, GoesOnManyTimesBesidePreemptions) {
  passes_in_child(
      [] {
        install(SIGSEGV, mend);
        Config eager = config(kPreemptive, 2);
        eager.preempter.quantum = std::chrono::milliseconds(1);
        run(eager, [] {
          const int rounds = static_cast<int>(scaled(2000));
          std::atomic<int> done{0};
          std::vector<Fiber> fibers;
          for (int index = 0; index < 4; ++index) {
            fibers.emplace_back([rounds, &done] {
              Page page;
              for (int round = 1; round <= rounds || stats().preemptions == 0; ++round, ++done) {
                page.close();
                write_errno(0);
                page.word() = round;
                ASSERT_EQ(read_errno(), 77);
                ASSERT_EQ(page.word(), round);
                spin(5000);
              }
            });
          }
          for (Fiber& fiber : fibers) fiber.join();
          EXPECT_EQ(mended, done);
        });
      },
      seconds(60));
}

TEST(FaultThatIsMended, OnEveryKindOfThread) {
  passes_in_child([] {
    install(SIGSEGV, mend);
    run(config(kPreemptive, 2), [] {
      const auto fault = [] {
        Page page;
        page.word() = 5;
        EXPECT_EQ(page.word(), 5);
      };
      fault();
      foreign_call(fault);
      foreign_call([&] { callback(fault); });
      std::thread thread([&] {
        fault();
        callback(fault);
        fault();
      });
      blocking([&] { thread.join(); });
    });
    EXPECT_EQ(mended, 6);
  });
}

/// What a handler was called with.
struct Seen {
  int number;
  int code;
  void* address;
  bool has_context;
  int error;
  std::array<bool, 4> blocked;  // SIGSEGV, SIGUSR1, SIGUSR2, SIGURG
} seen;

sigjmp_buf away;

void see(int number, siginfo_t* info, void* context) {
  seen = {number, info->si_code, info->si_addr, context != nullptr, errno, {}};
  sigset_t mask;
  pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  std::size_t at = 0;
  for (const int other : {SIGSEGV, SIGUSR1, SIGUSR2, SIGURG}) seen.blocked[at++] = sigismember(&mask, other) == 1;
  siglongjmp(away, 1);
}

using Flags = std::array<bool, 4>;

/// What `flags` and the mask make of a fault, before run() and within.
void is_the_same_within(int flags, const std::vector<int>& masked, const Flags& blocked) {
  passes_in_child([&] {
    install(SIGSEGV, see, flags, masked);
    const auto fault = [&] {
      volatile std::uintptr_t nowhere = 16;
      errno = 33;
      if (sigsetjmp(away, 1) == 0) *reinterpret_cast<volatile int*>(nowhere) = 1;
      EXPECT_EQ(seen.number, SIGSEGV);
      EXPECT_EQ(seen.code, SEGV_MAPERR);
      EXPECT_EQ(seen.address, reinterpret_cast<void*>(16));
      EXPECT_TRUE(seen.has_context);
      EXPECT_EQ(seen.error, 33);
      EXPECT_EQ(seen.blocked, blocked);
      seen = {};
    };
    fault();
    run(config(kPreemptive, 2), [&] {
      for (int round = 0; round < 3; ++round) foreign_call(fault);
    });
    fault();
    struct sigaction after {};
    sigaction(SIGSEGV, nullptr, &after);
    EXPECT_EQ(after.sa_sigaction, see);
    EXPECT_EQ(after.sa_flags & (SA_SIGINFO | SA_NODEFER | SA_ONSTACK), SA_SIGINFO | flags);
    EXPECT_EQ(sigismember(&after.sa_mask, SIGUSR2), blocked[2] ? 1 : 0);
  });
}

TEST(FaultHandlerOfTheProgram, IsCalledAsWithoutTheRuntime) {
  is_the_same_within(0, {}, Flags{true, false, false, false});
}

TEST(FaultHandlerOfTheProgram, HasItsMask) {
  is_the_same_within(0, {SIGUSR2}, Flags{true, false, true, false});
}

TEST(FaultHandlerOfTheProgram, IsNotDeferred) {
  is_the_same_within(SA_NODEFER, {SIGUSR1}, Flags{false, true, false, false});
}

TEST(FaultHandlerOfTheProgram, WithoutSiginfoIsCalledToo) {
  passes_in_child([] {
    signal(SIGSEGV, [](int number) {
      seen.number = number;
      siglongjmp(away, 1);
    });
    run(config(kPreemptive, 1), [] {
      foreign_call([] {
        if (sigsetjmp(away, 1) == 0) named_write_to_null();
      });
    });
    EXPECT_EQ(seen.number, SIGSEGV);
  });
}

TEST(FaultHandlerOfTheProgram, ThatIsResetIsCalledOnce) {
  const Outcome outcome = in_child([] {
    install(SIGSEGV, mend, static_cast<int>(SA_RESETHAND));
    run(config(kPreemptive, 2), [] {
      Page page;
      page.word() = 1;
      page.close();
      if (mended != 1) std::_Exit(5);
      Fiber({.name = "culprit"}, named_write_to_null).join();
    });
  });
  EXPECT_EQ(outcome.exit_code, SIGSEGV) << describe(outcome);
  EXPECT_TRUE(says(outcome, "heddle: SIGSEGV at address 0x0 in fiber ")) << describe(outcome);
}

TEST(FaultHandlerOfTheProgram, ThatWasResetIsTheDefaultAfterwards) {
  passes_in_child([] {
    install(SIGSEGV, mend, static_cast<int>(SA_RESETHAND));
    run(config(kPreemptive, 2), [] {
      Page page;
      page.word() = 1;
    });
    struct sigaction after {};
    sigaction(SIGSEGV, nullptr, &after);
    EXPECT_EQ(after.sa_handler, SIG_DFL);
  });
}

TEST(FaultThatIsIgnored, EndsTheProcessSilently) {
  const Outcome outcome = in_child([] {
    signal(SIGSEGV, SIG_IGN);
    run(config(kPreemptive, 2), named_write_to_null);
  });
  EXPECT_EQ(outcome.exit_code, SIGSEGV) << describe(outcome);
  EXPECT_FALSE(says(outcome, "heddle:")) << describe(outcome);
}

TEST(FaultThatIsIgnored, ButWasSentIsIgnored) {
  passes_in_child([] {
    signal(SIGSEGV, SIG_IGN);
    run(config(kPreemptive, 2), [] {
      raise(SIGSEGV);
      foreign_call([] { pthread_kill(pthread_self(), SIGSEGV); });
    });
    struct sigaction after {};
    sigaction(SIGSEGV, nullptr, &after);
    EXPECT_EQ(after.sa_handler, SIG_IGN);
  });
}

TEST(FaultHandlerOfTheProgram, GetsWhatWasSent) {
  passes_in_child([] {
    install(SIGSEGV, [](int, siginfo_t* info, void*) { seen.code = info->si_code; });
    run(config(kPreemptive, 2), [] { foreign_call([] { pthread_kill(pthread_self(), SIGSEGV); }); });
    EXPECT_EQ(seen.code, SI_TKILL);
  });
}

void leave_with_seven(int, siginfo_t*, void*) {
  _exit(7);
}

TEST(FaultHandlerOfTheProgram, IsItsOwnInAForkedChild) {
  passes_in_child([] {
    install(SIGSEGV, leave_with_seven);
    for (const char* strategy : {"none", kPreemptive}) {
      run(config(strategy, 2), [] {
        const pid_t child = fork();
        if (child == 0) {
          struct sigaction action {};
          sigaction(SIGSEGV, nullptr, &action);
          if (action.sa_sigaction != leave_with_seven) _exit(1);
          stack_t alternate{};
          sigaltstack(nullptr, &alternate);
          if ((alternate.ss_flags & SS_DISABLE) == 0) _exit(2);
          named_write_to_null();
        }
        int status = 0;
        ASSERT_EQ(blocking([&] { return waitpid(child, &status, 0); }), child);
        EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 7) << status;
      });
    }
  });
}

// Which are not to add up while threads come and go.
TEST(SignalStackOfAThread, IsGivenBackWithTheThread) {
  passes_in_child([] {
    // Each has a guard, and so at least two mappings. Sizes would be an emulator's too.
    const auto mappings = [] {
      std::ifstream maps("/proc/self/maps");
      return std::count(std::istreambuf_iterator<char>(maps), {}, '\n');
    };
    const auto come_and_go = [](std::size_t threads) {
      for (std::size_t index = 0; index < threads; ++index) {
        std::thread thread([] { callback([] {}); });
        blocking([&] { thread.join(); });
      }
    };
    run(config("none", 2), [&] {
      come_and_go(50);
      const auto before = mappings();
      EXPECT_GT(before, 0);
      come_and_go(200);
      EXPECT_LT(mappings(), before + 100);
    });
  });
}

}  // namespace
}  // namespace heddle::test
