// What the conformance tests ask of the operating system: the folder of its name has it, in system.cpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <heddle/port/thread.h>

namespace conformance {

// Loads the library at `path` and finds `symbol` in it. Null, and why in `error`.
void* find_in_library(const char* path, const char* symbol, std::string& error);

// The interface id of the strategy that every port of this system has.
extern const char* const kPreempterId;

// Does something that stands in for the system (qemu-user, Wine) run the tests?
bool emulated();

// How a child process ended.
struct ChildResult {
  int exit_status = -1;  // -1 when the system ended it
  uint32_t fatal = 0;    // what the system ended it for then: the signal; on Windows the exception
};

// ChildResult::fatal after an access to memory that is not there.
extern const uint32_t kMemoryFault;

// Runs `body` in a child process that is killed after 30 seconds; the child exits with body's result. Where there is no fork, the
// child runs the same test from its beginning, up to the same call.
ChildResult run_in_child(const std::function<int()>& body);

size_t page_bytes();

// The calling thread's number, as HeddleThread::os_thread has it.
uintptr_t thread_id();

// The lowest pages of a stack, above its guard, that nobody can use: Windows keeps them for the handlers of an overflow.
extern const size_t kKeptPages;
extern const size_t kKeptOfSmallStack;  // one of 7 pages and less above the guard

// How many of the pages from `base` on take memory.
size_t pages_in_memory(const void* base, size_t pages);

// An address in each library that is never preempted.
struct SystemCode {
  std::string library;
  const void* address;
};
std::vector<SystemCode> system_code();

// How many interruptions a test makes that wants `count`: fewer where each takes milliseconds and HEDDLE_STRESS_SCALE says so.
uint64_t interruptions(uint64_t count);

// What belongs to a thread, whichever fiber runs on it. mark_thread gives the calling thread, which is number 0 or 1, something to tell it
// by; wrong_marks counts what is another thread's while `thread`, of that number, stands interrupted in a fiber.
void mark_thread(int number);
uint64_t wrong_marks(int number, const HeddleThread& thread, const void* machine_context);

}  // namespace conformance
