// ExceptionGlobals: the exceptions that a fiber has caught and not yet left, and how many are in flight.
//
// The C++ runtime keeps them per thread (Itanium C++ ABI: Exception Handling, 2.2.2 "Caught Exception Stack"), but they
// belong to a fiber: one that is parked in a catch block may go on after another has thrown. The switch exchanges them.
#pragma once

#include <cxxabi.h>

namespace heddle::sched {

struct ExceptionGlobals {
  void* caught = nullptr;
  unsigned uncaught = 0;
};

/// Where the calling thread has its own; fixed for the life of the thread.
inline ExceptionGlobals* thread_exception_globals() {
  return reinterpret_cast<ExceptionGlobals*>(abi::__cxa_get_globals());
}

}  // namespace heddle::sched
