// AddressSanitizer and LeakSanitizer with fibers: what they must find, and what they must not take for a fault.
#include "runtime/child.hpp"
#include "runtime/scenario.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>

#include <sanitizer/lsan_interface.h>

namespace heddle::test {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::seconds kLimit{60};

void expect_report(const Outcome& outcome, const std::string& text) {
  EXPECT_NE(outcome.exit_code, 0);
  EXPECT_FALSE(outcome.timed_out);
  EXPECT_NE(outcome.err.find(text), std::string::npos) << "wanted: " << text << "\n" << describe(outcome);
}

/// Leaves no pointer to what it makes in a register or on the stack that a fiber goes on to use.
[[gnu::noinline]] void leak_something() {
  int* volatile leaked = new int[1000];
  leaked[0] = 1;
  leaked = nullptr;
}

/// Writes over what deeper calls have left on the stack.
[[gnu::noinline]] void use_stack() {
  volatile char bytes[16384];
  for (volatile char& byte : bytes) byte = 0;
}

TEST(Address, FindsAnAccessBeyondTheHeapInAFiber) {
  const Outcome outcome = in_child(
      [] {
        run(config(kPreemptive, 2), [] {
          Fiber fiber([] {
            volatile std::size_t beyond = 8;
            auto bytes = std::make_unique<volatile char[]>(8);
            this_fiber::yield();
            bytes[beyond] = 1;
          });
          fiber.join();
        });
      },
      kLimit);
  expect_report(outcome, "heap-buffer-overflow");
}

TEST(Address, FindsAPointerToALocalOfAFiberThatHasEnded) {
  const Outcome outcome = in_child(
      [] {
        run(config(kPreemptive, 1), [] {
          volatile int* dangling = nullptr;
          Fiber fiber([&] {
            volatile int local = 1;
            dangling = &local;
          });
          fiber.join();
          *dangling = 2;
        });
      },
      kLimit);
  // With detect_stack_use_after_return=1 the local lay in memory that has been unmapped.
  expect_report(outcome, outcome.err.find("SEGV") == std::string::npos ? "use-after-poison" : "AddressSanitizer: SEGV");
}

TEST(Address, FindsALeakOfAFiberThatHasEnded) {
  const Outcome outcome = in_child(
      [] {
        run(config(kPreemptive, 2), [] {
          Fiber fiber([] {
            leak_something();
            use_stack();
          });
          fiber.join();
        });
      },
      kLimit);
  expect_report(outcome, "detected memory leaks");
  expect_report(outcome, "leak_something");
}

TEST(Address, WhatAParkedFiberRefersToIsNoLeak) {
  passes_in_child(
      [] {
        run(config(kPreemptive, 2), [] {
          Fiber keeper([] {
            auto kept = std::make_unique<int[]>(1000);
            this_fiber::sleep_for(1h);
            kept[0] = 1;
          });
          keeper.detach();
          for (int i = 0; i < 10; ++i) this_fiber::sleep_for(1ms);
          EXPECT_EQ(__lsan_do_recoverable_leak_check(), 0);
        });
        // The fiber is left behind; once more at the end of the process.
      },
      kLimit);
}

TEST(Address, WhatMainRefersToIsNoLeakWhenAFiberEndsTheProcess) {
  passes_in_child(
      [] {
        auto kept = std::make_unique<int[]>(1000);
        run(config(kPreemptive, 1), [&] {
          Fiber fiber([] { std::exit(0); });
          fiber.join();
        });
        kept[0] = 1;
      },
      kLimit);
}

TEST(Address, StacksAreUsedAgainAfterExceptionsAndInterruptions) {
  passes_in_child(
      [] {
        run(config(kPreemptive, 2, Resume::kAnyThread), [] {
          for (std::size_t round = 0; round < scaled(300); ++round) {
            Fiber busy([] { spin(200'000); });
            Fiber thrower([] {
              char bytes[2000];
              for (char& byte : bytes) byte = 1;
              try {
                this_fiber::yield();
                throw std::runtime_error(bytes[0] == 1 ? "thrown" : "");
              } catch (const std::runtime_error& error) {
                this_fiber::yield();
                EXPECT_STREQ(error.what(), "thrown");
              }
            });
            thrower.join();
          }
        });
      },
      kLimit);
}

}  // namespace
}  // namespace heddle::test
