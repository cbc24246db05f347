// Instrumented code in signal handlers and in forked children.
#include "runtime/child.hpp"
#include "runtime/scenario.hpp"
#include "runtime/storm.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <atomic>
#include <chrono>
#include <csignal>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

namespace heddle::test {
namespace {

using namespace std::chrono_literals;

[[gnu::noinline]] std::uint64_t compute(std::uint64_t rounds) {
  std::uint64_t x = rounds;
  for (std::uint64_t i = 0; i < rounds; ++i) {
    x = x * 6364136223846793005U + 1442695040888963407U;
    asm volatile("" : "+r"(x));
  }
  return x;
}

std::atomic<std::uint64_t> turns{0};         // of another fiber
std::atomic<std::uint64_t> turns_inside{0};  // those that it had while a handler ran

void compute_for_long(int) {
  const std::uint64_t before = turns;
  compute(300'000);
  turns_inside += turns - before;
}

void compute_until_stopped(int) {
  const std::uint64_t before = turns;
  while (turns == before) compute(100);
}

void install(void (*handler)(int), int flags) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = flags;
  ASSERT_EQ(sigaction(SIGUSR1, &action, nullptr), 0);
}

/// Raises signals on a fiber that is asked to give way all the time and shares its processor with another one.
void raise_beside_another_fiber() {
  const LockThread lock;  // so that it keeps the signal stack
  std::vector<char> memory(64 << 10);
  const stack_t stack{memory.data(), 0, memory.size()};
  ASSERT_EQ(sigaltstack(&stack, nullptr), 0);
  const Storm storm;
  std::atomic<bool> stop{false};
  Fiber other([&stop] {
    for (; !stop; ++turns) this_fiber::yield();
  });
  for (int round = 0; round < 20; ++round) {
    raise(SIGUSR1);
    const std::uint64_t before = turns;
    while (turns == before) compute(100);
  }
  stop = true;
  other.join();
  const stack_t none{nullptr, SS_DISABLE, 0};
  sigaltstack(&none, nullptr);
}

TEST(InstrumentedHandler, OnASignalStackIsNotStopped) {
  passes_in_child([] {
    install(compute_for_long, SA_ONSTACK);
    run(config("cooperative", 1), raise_beside_another_fiber);
    EXPECT_EQ(turns_inside, 0U);
  });
}

TEST(InstrumentedHandler, OnTheFibersStackIsStoppedAndGoesOn) {
  passes_in_child([] {
    install(compute_until_stopped, 0);
    run(config("cooperative", 1), raise_beside_another_fiber);
  });
}

TEST(InstrumentedChild, OfAForkIsAnOrdinaryThread) {
  passes_in_child(
      [] {
        run(config("cooperative", 2), [] {
          const Storm storm(1, 2);
          for (int round = 0; round < 20; ++round) {
            compute(10'000);
            const pid_t child = fork();
            if (child == 0) _exit(compute(1'000'000) == 0 || heddle::detail::preemption_pending != 0);
            int status = -1;
            while (waitpid(child, &status, 0) != child) {
            }
            EXPECT_EQ(status, 0);
          }
        });
      },
      60s);
}

}  // namespace
}  // namespace heddle::test
