// The port under test, and a core for it that is as small as one can be: it logs into a list, answers options from a
// map, and lets each test say what `deliver` and `preempted` do.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <heddle/port/code_modules.h>
#include <heddle/port/dump_request.h>
#include <heddle/port/fault_watch.h>
#include <heddle/port/port.h>
#include <heddle/port/preempter.h>
#include <heddle/port/procedure_caller.h>
#include <heddle/port/stack_memory.h>
#include <heddle/port/symbolizer.h>
#include <heddle/port/thread_watch.h>
#include <heddle/port/timekeeper.h>
#include <heddle/port/tls_provider.h>
#include <heddle/port/vdso_caller.h>

#include "system.hpp"

namespace conformance {

// Loads the library and asks it for its descriptor. Empty, or what went wrong.
std::string load_port(const char* path);
const HeddlePort& port();
HeddlePortQuery find_query();  // the function that was asked

// The same for a library that brings the delivery of a strategy; the tests then take it with the port's injection.
std::string load_strategy(const char* path);

// What the fake core does; plain function pointers, since signal handlers and threads that have suspended another one call
// them. They may not allocate, lock or print. Null: nothing, and 0.
struct Core {
  int32_t (*deliver)(HeddleThread* thread, void* machine_context) = nullptr;
  void (*preempted)() = nullptr;
  HeddleSegment* (*new_stack)(const HeddleContext* caller, void* context) = nullptr;
  int forked = 0;  // how often the port said that this is the child of a fork()
  std::map<std::string, std::string> options;
  std::vector<std::string> log;
};
extern Core core;
extern const HeddleHost host;

// Was a line logged that contains `part`?
bool logged(const std::string& part);

// The port, opened with default options for each test and closed after it.
class Conformance : public testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  // Closes the port and opens it again, as with another runtime.json.
  int32_t reopen();

  const HeddleContextSwitcher* switcher = nullptr;
  const HeddleTlsProvider* tls = nullptr;
  const HeddlePreempter* preempter = nullptr;  // with the delivery of the strategy, where one was loaded
  const HeddleVdsoCaller* vdso = nullptr;
  const HeddleVdsoCaller* system_call = nullptr;
  const HeddleStackMemory* stacks = nullptr;
  const HeddleCodeModules* modules = nullptr;
  const HeddleThreadWatch* thread_watch = nullptr;
  const HeddleSymbolizer* symbolizer = nullptr;
  const HeddleDumpRequest* dump_request = nullptr;
  const HeddleFaultWatch* fault_watch = nullptr;
  const HeddleTimekeeper* timekeeper = nullptr;
  const HeddleProcedureCaller* procedures = nullptr;  // of Windows' ports only

 private:
  int32_t open();
  void close();
  void fetch_tables();
  bool open_ = false;
};

// Memory for a stack, as a fiber has it.
class Stack {
 public:
  Stack() : bytes_(256 << 10) {}
  void* lo() { return bytes_.data(); }
  void* hi() { return bytes_.data() + bytes_.size(); }
  bool contains(uintptr_t address) {
    return address >= reinterpret_cast<uintptr_t>(lo()) && address < reinterpret_cast<uintptr_t>(hi());
  }

 private:
  std::vector<char> bytes_;
};

}  // namespace conformance
