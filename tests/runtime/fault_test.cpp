// A fault that ends the process: it is said whose it was, in foreign code too, and the system gets it all the same.
#include "runtime/child.hpp"
#include "runtime/named.hpp"
#include "runtime/scenario.hpp"

#include <heddle/heddle.hpp>

#include <gtest/gtest.h>
#include <atomic>
#include <string>
#include <thread>

namespace heddle::test {
namespace {

/// Where `text` is said, npos if not.
std::size_t place_of(const Outcome& outcome, const std::string& text) {
  return outcome.err.find(text);
}

bool says(const Outcome& outcome, const std::string& text) {
  return place_of(outcome, text) != std::string::npos;
}

/// The system's own verdict: SIGSEGV, or the code of an access violation.
void ended_by_fault(const Outcome& outcome) {
#ifdef _WIN32
  EXPECT_EQ(static_cast<unsigned>(outcome.exit_code), 0xC0000005U) << describe(outcome);
#else
  EXPECT_EQ(outcome.exit_code, 11) << describe(outcome);
#endif
  EXPECT_FALSE(outcome.timed_out) << describe(outcome);
}

TEST(Fault, InForeignCodeIsReportedWithItsCaller) {
  const Outcome outcome = in_child([] {
    run(config(kPreemptive, 2), [] {
      Channel<int> values;
      Fiber parked({.name = "parked"}, [&] { named_receive(values); });
      while (!waits(parked.get_id())) this_fiber::yield();
      Fiber({.name = "caller"}, [] { named_foreign_call(named_write_to_null); }).join();
    });
  });
  ended_by_fault(outcome);
  EXPECT_TRUE(says(outcome, " at address 0x0 in foreign code called by fiber ")) << describe(outcome);
  EXPECT_TRUE(says(outcome, " \"caller\": the process ends with a dump of its fibers\n")) << describe(outcome);
  const std::size_t caller = place_of(outcome, "\"caller\": in a foreign call");
  const std::size_t struck = outcome.err.find("at named_write_to_null+0x", caller);
  EXPECT_NE(struck, std::string::npos) << describe(outcome);
  EXPECT_NE(outcome.err.find("at named_foreign_call+0x", struck), std::string::npos) << describe(outcome);
  EXPECT_TRUE(says(outcome, "at named_receive+0x")) << describe(outcome);
}

TEST(Fault, OnAFiberIsReported) {
  const Outcome outcome = in_child(
      [] { run(config(kPreemptive, 2), [] { Fiber({.name = "culprit"}, named_write_to_null).join(); }); });
  ended_by_fault(outcome);
  EXPECT_TRUE(says(outcome, " at address 0x0 in fiber ")) << describe(outcome);
  EXPECT_TRUE(says(outcome, "\"culprit\": running")) << describe(outcome);
  EXPECT_TRUE(says(outcome, "at named_write_to_null+0x")) << describe(outcome);
}

TEST(Fault, InACallbackIsTheFibers) {
  const Outcome outcome = in_child([] {
    run(config(kPreemptive, 2),
        [] { Fiber({.name = "caller"}, [] { named_foreign_call([] { callback(named_write_to_null); }); }).join(); });
  });
  ended_by_fault(outcome);
  EXPECT_TRUE(says(outcome, " at address 0x0 in fiber ")) << describe(outcome);
  EXPECT_TRUE(says(outcome, "at named_write_to_null+0x")) << describe(outcome);
}

TEST(Fault, InACallbackOfAThreadOfTheProgramsIsReported) {
  const Outcome outcome = in_child([] {
    run(config(kPreemptive, 2), [] {
      std::thread thread([] { callback(named_write_to_null); });
      blocking([&] { thread.join(); });
    });
  });
  ended_by_fault(outcome);
  EXPECT_TRUE(says(outcome, " at address 0x0 in fiber ")) << describe(outcome);
  EXPECT_TRUE(says(outcome, "\"callback\"")) << describe(outcome);
}

TEST(Fault, OnAThreadThatNeverWasInsideIsNotTouched) {
  const Outcome outcome = in_child([] {
    run(config(kPreemptive, 2), [] {
      std::thread thread(named_write_to_null);
      blocking([&] { thread.join(); });
    });
  });
  ended_by_fault(outcome);
  EXPECT_FALSE(says(outcome, "heddle:")) << describe(outcome);
}

TEST(Fault, OnAThreadBetweenItsCallbacksIsNotTouched) {
  const Outcome outcome = in_child([] {
    run(config(kPreemptive, 2), [] {
      std::thread thread([] {
        callback([] { this_fiber::yield(); });
        named_write_to_null();
      });
      blocking([&] { thread.join(); });
    });
  });
  ended_by_fault(outcome);
  EXPECT_FALSE(says(outcome, "heddle:")) << describe(outcome);
}

TEST(Fault, OfTwoAtATimeTheFirstIsReportedWhole) {
  const Outcome outcome = in_child([] {
    run(config(kPreemptive, 2), [] {
      static std::atomic<int> ready{0};
      const auto fault = [] {
        foreign_call([] {
          ++ready;
          while (ready != 2) std::this_thread::yield();
          named_write_to_null();
        });
      };
      Fiber({.name = "one"}, fault).detach();
      Fiber({.name = "two"}, fault).join();
    });
  });
  ended_by_fault(outcome);
  EXPECT_TRUE(says(outcome, " in foreign code called by fiber ")) << describe(outcome);
  EXPECT_TRUE(says(outcome, "\"one\": in a foreign call")) << describe(outcome);
  EXPECT_TRUE(says(outcome, "\"two\": in a foreign call")) << describe(outcome);
}

TEST(Fault, AfterRunIsNotTouched) {
  const Outcome outcome = in_child([] {
    run(config(kPreemptive, 2), [] {});
    named_write_to_null();
  });
  ended_by_fault(outcome);
  EXPECT_FALSE(says(outcome, "heddle:")) << describe(outcome);
}

}  // namespace
}  // namespace heddle::test
