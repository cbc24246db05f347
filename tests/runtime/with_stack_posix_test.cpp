// with_stack in signal handlers and in the children of forks, where no stack grows.
#include "runtime/each_strategy.hpp"
#include "runtime/scenario.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>
#include <cstddef>
#include <thread>

namespace heddle::test {
namespace {

constexpr std::size_t kMuch = std::size_t{1} << 30;

void handle(void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_ONSTACK;
  sigaction(SIGUSR1, &action, nullptr);
}

/// What waitpid says of a child that runs `body` and then ends with status 0.
int status_of_child(const std::function<void()>& body) {
  const pid_t child = fork();
  if (child == 0) {
    body();
    _exit(0);
  }
  int status = -1;
  waitpid(child, &status, 0);
  return status;
}

TEST(WithStackInASignalHandler, IsAPlainCallWhileThereIsRoom) {
  passes_in_child([] {
    run(config(kPreemptive, 1), [] {
      static volatile int called;
      handle([](int) { with_stack(128, [] { called = called + 1; }); });
      for (int i = 0; i < 100; ++i) raise(SIGUSR1);
      EXPECT_EQ(called, 100);
    });
  });
}

TEST(WithStackInASignalHandler, EndsTheProcessWhereThereIsNone) {
  ends_with_a_message(
      [] {
        run(config(kPreemptive, 1), [] {
          handle([](int) { with_stack(kMuch, [] {}); });
          raise(SIGUSR1);
        });
      },
      "morestack on the signal stack: heddle::with_stack wants 1073741824 bytes");
}

TEST(WithStackAfterFork, IsAPlainCallWhileThereIsRoom) {
  passes_in_child([] {
    run(config(kPreemptive, 1), [] {
      EXPECT_EQ(status_of_child([] { with_stack(1024, [] {}); }), 0);
      with_stack(std::size_t{1} << 24,
                 [] { EXPECT_EQ(status_of_child([] { with_stack(std::size_t{1} << 20, [] {}); }), 0); });
      foreign_call([] { EXPECT_EQ(status_of_child([] { with_stack(1024, [] {}); }), 0); });
      std::thread([] { EXPECT_EQ(status_of_child([] { with_stack(kMuch, [] {}); }), 0); }).join();
    });
  });
}

TEST(WithStackAfterFork, EndsTheProcessWhereThereIsNone) {
  const Outcome outcome = in_child([] {
    run(config(kPreemptive, 1), [] {
      const int status = status_of_child([] { with_stack(kMuch, [] {}); });
      EXPECT_TRUE(WIFEXITED(status));
      EXPECT_EQ(WEXITSTATUS(status), 2);
    });
  });
  EXPECT_EQ(outcome.exit_code, 0) << describe(outcome);
  EXPECT_NE(outcome.err.find("heddle: fatal: stack growth after fork: heddle::with_stack wants"), std::string::npos)
      << describe(outcome);
}

TEST(WithStackAfterFork, AFiberThatForksOnASegmentComesBackFromIt) {
  passes_in_child([] {
    run(config(kPreemptive, 1), [] {
      Fiber({.stack_size = 64 << 10}, [] {
        pid_t child = -1;
        with_stack(std::size_t{1} << 18, [&] { child = fork(); });
        if (child == 0) _exit(0);
        int status = -1;
        waitpid(child, &status, 0);
        EXPECT_EQ(status, 0);
      }).join();
    });
  });
}

}  // namespace
}  // namespace heddle::test
