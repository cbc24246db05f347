// Preempter `signal`: the signal stack, one signal at a time, what it leaves as it was, and the program's own signals beside it.
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <thread>

#include <pthread.h>
#include <unistd.h>

#include "conformance/preempter.hpp"

namespace conformance {
namespace {

using Signal = Preempter;

std::atomic<int> delivered;
int32_t count_delivery(HeddleThread*, void*) {
  ++delivered;
  return 0;
}

std::atomic<int> program_calls;
std::atomic<const void*> program_context;
void program_handler(int) {
  ++program_calls;
}
void program_action(int, siginfo_t* info, void* context) {
  program_calls += info != nullptr ? 1 : 100;
  program_context = context;
}

// Has a handler of the program's for the signal, as if it had been there before the runtime.
class ProgramHandler {
 public:
  explicit ProgramHandler(bool with_info, int number = SIGURG) : number_(number) {
    struct sigaction action {};
    if (with_info) {
      action.sa_flags = SA_SIGINFO;
      action.sa_sigaction = program_action;
    } else {
      action.sa_handler = program_handler;
    }
    sigaction(number_, &action, &before_);
    program_calls = 0;
    program_context = nullptr;
  }
  ~ProgramHandler() { sigaction(number_, &before_, nullptr); }

 private:
  int number_;
  struct sigaction before_ {};
};

TEST_F(Signal, EnterSetsASignalStackUpAndLeavePutsBackWhatWas) {
  std::thread([this] {
    std::vector<char> own(64 << 10);
    stack_t mine{}, now{};
    mine.ss_sp = own.data();
    mine.ss_size = own.size();
    ASSERT_EQ(sigaltstack(&mine, nullptr), 0);
    sigset_t mask, before, after;
    sigemptyset(&mask);
    sigaddset(&mask, SIGURG);
    sigaddset(&mask, SIGUSR1);
    pthread_sigmask(SIG_SETMASK, &mask, nullptr);
    pthread_sigmask(SIG_SETMASK, nullptr, &before);
    as_worker([&] {
      sigaltstack(nullptr, &now);
      EXPECT_EQ(reinterpret_cast<uintptr_t>(now.ss_sp), thread.signal_lo);
      EXPECT_EQ(reinterpret_cast<uintptr_t>(now.ss_sp) + now.ss_size, thread.signal_hi);
      EXPECT_GE(now.ss_size, size_t{64} << 10);
      EXPECT_EQ(*reinterpret_cast<void**>(thread.signal_lo), nullptr);
      sigset_t inside;
      pthread_sigmask(SIG_SETMASK, nullptr, &inside);
      EXPECT_EQ(sigismember(&inside, SIGURG), 0);
      EXPECT_EQ(sigismember(&inside, SIGUSR1), 1);
    });
    EXPECT_EQ(thread.signal_lo, 0u);
    EXPECT_EQ(thread.signal_hi, 0u);
    EXPECT_EQ(thread.preempter_data, nullptr);
    sigaltstack(nullptr, &now);
    EXPECT_EQ(now.ss_sp, mine.ss_sp);
    pthread_sigmask(SIG_SETMASK, nullptr, &after);
    EXPECT_EQ(std::memcmp(&before, &after, 8), 0);
  }).join();
}

TEST_F(Signal, TheSignalStackEndsInAGuard) {
  const ChildResult result = run_in_child([this] {
    as_worker([this] { *reinterpret_cast<volatile char*>(thread.signal_lo - 1) = 1; });
    return 0;
  });
  EXPECT_EQ(result.fatal, kMemoryFault);
}

TEST_F(Signal, ARequestIsDeliveredOnTheSignalStackWithErrnoKept) {
  static HeddleThread* worker;
  static bool on_signal_stack;
  core.deliver = [](HeddleThread*, void*) -> int32_t {
    const auto here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
    on_signal_stack = here >= worker->signal_lo && here < worker->signal_hi;
    errno = EIO;
    ++delivered;
    return 0;
  };
  worker = &thread;
  delivered = 0;
  as_worker([this] {
    errno = ENOTTY;
    EXPECT_EQ(preempter->request(&thread), HEDDLE_OK);
    EXPECT_EQ(errno, ENOTTY);
  });
  EXPECT_EQ(delivered, 1);
  EXPECT_TRUE(on_signal_stack);
}

TEST_F(Signal, AtMostOneSignalIsUnderWay) {
  // A real-time signal queues: the kernel would deliver every one that was sent.
  core.options["/preempter/signal"] = "SIGRTMIN+3";
  ProgramHandler every_signal(false, SIGRTMIN + 3);
  ASSERT_EQ(reopen(), HEDDLE_OK);
  core.deliver = count_delivery;
  delivered = 0;
  as_worker([this] {
    sigset_t signal_set;
    sigemptyset(&signal_set);
    sigaddset(&signal_set, SIGRTMIN + 3);
    for (int round = 1; round <= 10; ++round) {
      pthread_sigmask(SIG_BLOCK, &signal_set, nullptr);
      for (int i = 0; i < 1000; ++i) ASSERT_EQ(preempter->request(&thread), HEDDLE_OK);
      EXPECT_EQ(delivered, round - 1);
      pthread_sigmask(SIG_UNBLOCK, &signal_set, nullptr);
      EXPECT_EQ(delivered, round);
      EXPECT_EQ(program_calls, round);
    }
  });
}

TEST_F(Signal, NoRequestOutlivesLeave) {
  core.deliver = count_delivery;
  delivered = 0;
  sigset_t urgent, pending;
  sigemptyset(&urgent);
  sigaddset(&urgent, SIGURG);
  as_worker([&] {
    pthread_sigmask(SIG_BLOCK, &urgent, nullptr);
    ASSERT_EQ(preempter->request(&thread), HEDDLE_OK);
  });
  sigpending(&pending);
  EXPECT_EQ(sigismember(&pending, SIGURG), 0);
  EXPECT_EQ(delivered, 1);
  EXPECT_LT(preempter->request(&thread), 0);
}

TEST_F(Signal, TheProgramsHandlersSeeTheirSignalsAndOurs) {
  for (const bool with_info : {false, true}) {
    port().close();
    ProgramHandler handler(with_info);
    ASSERT_EQ(reopen(), HEDDLE_OK);
    core.deliver = count_delivery;
    delivered = 0;
    as_worker([this] {
      ASSERT_EQ(preempter->request(&thread), HEDDLE_OK);
      EXPECT_EQ(delivered, 1);
      EXPECT_EQ(program_calls, 1);
      raise(SIGURG);
      EXPECT_EQ(delivered, 1);
      EXPECT_EQ(program_calls, 2);
    });
    raise(SIGURG);
    EXPECT_EQ(program_calls, 3);
    EXPECT_EQ(program_context != nullptr, with_info);
    port().close();
    struct sigaction now {};
    sigaction(SIGURG, nullptr, &now);
    EXPECT_TRUE(with_info ? now.sa_sigaction == program_action : now.sa_handler == program_handler);
    ASSERT_EQ(reopen(), HEDDLE_OK);
  }
}

TEST_F(Signal, AHandlerThatTheProgramInstallsLaterIsTakenInByTheNextThread) {
  ProgramHandler handler(false);
  core.deliver = count_delivery;
  delivered = 0;
  as_worker([this] { ASSERT_EQ(preempter->request(&thread), HEDDLE_OK); });
  EXPECT_EQ(delivered, 1);
  EXPECT_EQ(program_calls, 1);
}

TEST_F(Signal, AStraySignalHasItsDefaultActionWhereTheProgramHasNoHandler) {
  raise(SIGURG);  // ignored by default: this test goes on
  const ChildResult result = run_in_child([this] {
    core.options["/preempter/signal"] = "SIGUSR2";
    if (reopen() != HEDDLE_OK) return 1;
    const pid_t target = getpid();
    if (fork() == 0) _exit(kill(target, SIGUSR2));
    for (;;) pause();
  });
  EXPECT_EQ(result.fatal, static_cast<uint32_t>(SIGUSR2));
}

TEST_F(Signal, SignalsThatCannotServeAreRefusedByName) {
  const std::pair<const char*, const char*> cases[] = {
      {"SIGKILL", "SIGKILL (signal 9) cannot be used for preemption: the kernel lets nobody handle it"},
      {"SIGSEGV", "SIGSEGV (signal 11) cannot be used for preemption: it reports a fault of the program"},
      {"SIGTSTP", "it belongs to the shell's job control"},
      {"33", "33 (signal 33) cannot be used for preemption: it is reserved for the C library's threads"},
      {"SIGRTMIN", "it is reserved for the C library's threads"},
      {"SIGRTMIN+99", "\"SIGRTMIN+99\" is no signal"},
      {"SIGNONE", "/preempter/signal: \"SIGNONE\" is no signal; give a name such as"},
      {"", "\"\" is no signal"},
      {"12x", "\"12x\" is no signal"},
      {"0", "\"0\" is no signal"}};
  for (const auto& [text, message] : cases) {
    core.options["/preempter/signal"] = text;
    core.log.clear();
    EXPECT_EQ(reopen(), HEDDLE_E_INVALID) << text;
    EXPECT_TRUE(logged(message)) << text << ": " << (core.log.empty() ? "nothing logged" : core.log.back());
  }
}

TEST_F(Signal, SignalsAreGivenByNameNumberOrDefault) {
  for (const char* text : {"SIGUSR2", "SIGRTMIN+3", "10", "default", "SIGPROF"}) {
    core.options["/preempter/signal"] = text;
    ASSERT_EQ(reopen(), HEDDLE_OK) << text;
    core.deliver = count_delivery;
    delivered = 0;
    as_worker([this] { ASSERT_EQ(preempter->request(&thread), HEDDLE_OK); });
    EXPECT_EQ(delivered, 1) << text;
  }
}

}  // namespace
}  // namespace conformance
