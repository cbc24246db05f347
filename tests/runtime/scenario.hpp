// What the scenarios have in common: configurations, seeds, counts, and work that keeps a processor busy.
#pragma once

#include <heddle/config.hpp>
#include <heddle/fiber.hpp>
#include <heddle/lock_thread.hpp>

#include <cstddef>
#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

namespace heddle {

/// For GoogleTest, which shows parameters in the names of tests.
void PrintTo(Resume resume, std::ostream* out);

}  // namespace heddle

namespace heddle::test {

/// The strategy of this system that interrupts a fiber between two instructions: `signal`, or `suspend` on Windows.
extern const char* const kPreemptive;

/// All strategies of this system that do: `signal` and `timer`, or `suspend` on Windows.
std::vector<std::string> preemptive_strategies();

/// Those and `cooperative`.
std::vector<std::string> strategies_but_none();

/// The configuration that run() would use, with what a scenario decides for itself.
Config config(const std::string& strategy, std::uint32_t processors, Resume resume = Resume::kSameThread);

/// A number for a random generator, printed so that a failure can be run again: TEST_SEED in the environment, or a
/// fixed one.
std::uint64_t seed();

/// `count` times HEDDLE_STRESS_SCALE (1 where it is not set, fractions allowed), at least 1.
std::size_t scaled(std::size_t count);

/// `rounds` turns of a loop without calls or memory accesses, about a nanosecond each: work that only an interrupt
/// can stop. Returns a value that depends on every turn.
std::uint64_t spin(std::uint64_t rounds);

/// Does that fiber wait, for something that begins so?
bool waits(FiberId id, const std::string& what = "");

/// Locks the fiber to its thread until it ends, or until the result's destructor is called.
LockThread* lock_thread_for_good();

/// An address on the caller's stack.
std::uintptr_t stack_here();

/// errno through a call that the compiler cannot see through: it takes errno's address to be the same for the whole
/// of a function, which is wrong in a function that yields and goes on on another thread.
int read_errno();
void write_errno(int value);

/// The same for a variable of the thread.
std::uintptr_t this_thread();

}  // namespace heddle::test
