// ExceptionGlobals: the exceptions that a fiber has caught and not yet left, and how many are in flight.
//
// The C++ runtime keeps them per thread (Itanium C++ ABI: Exception Handling, 2.2.2 "Caught Exception Stack"), but they
// belong to a fiber: one that is parked in a catch block may go on after another has thrown. The switch exchanges them.
// How much there is of them depends on the processor, so the port says it.
#pragma once

#include <cxxabi.h>

#include <cstdint>

namespace heddle::sched {

struct ExceptionGlobals {
  void* caught = nullptr;
  unsigned uncaught = 0;
  void* propagating = nullptr;  // in the ARM EABI's form only: the exceptions whose cleanups run
};

/// HeddleContextSwitcher::exception_globals_bytes where `propagating` is part of them.
inline constexpr uint32_t kLongExceptionGlobals = sizeof(ExceptionGlobals);

/// `long_form`: is `propagating` there? Behind the short form lies what belongs to others.
inline void copy_exception_globals(ExceptionGlobals& to, const ExceptionGlobals& from, bool long_form) {
  to.caught = from.caught;
  to.uncaught = from.uncaught;
  if (long_form) [[unlikely]]
    to.propagating = from.propagating;
}

/// Where the calling thread has its own; fixed for the life of the thread.
inline ExceptionGlobals* thread_exception_globals() {
  return reinterpret_cast<ExceptionGlobals*>(abi::__cxa_get_globals());
}

}  // namespace heddle::sched
