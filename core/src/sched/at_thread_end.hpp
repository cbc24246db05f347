// at_thread_end: what is to be done when the calling thread ends.
//
// Not the destructor of a thread_local: where those are emulated (mingw-w64), their memory is gone when their destructors run.
// The C++ runtime's list of destructors takes any function and any address.
#pragma once

#include <cxxabi.h>

// How the C++ library calls a destructor, where it says so.
#ifndef _GLIBCXX_CDTOR_CALLABI
#define _GLIBCXX_CDTOR_CALLABI
#endif

#define HEDDLE_AT_THREAD_END _GLIBCXX_CDTOR_CALLABI

namespace heddle::sched {

/// Calls function(argument) when the thread ends, the function that was given last first; on the main thread, when the process exits.
inline void at_thread_end(void(HEDDLE_AT_THREAD_END* function)(void* argument), void* argument) {
  static char here;  // an address in this library, which stays mapped until the function was called
  abi::__cxa_thread_atexit(function, argument, &here);
}

}  // namespace heddle::sched
