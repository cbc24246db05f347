// Frames of foreign calls and callbacks: what must be as it was when one ends, however it ends.
//
// In a foreign call the fiber is parked on its own stack, by ContextSwitcher::park_and_call, and foreign code runs in its stead on the
// system stack, below the worker's loop. In a callback it is the other way round: the foreign code is parked on the system stack,
// and the fiber runs below its parked frame. So each stack grows by what is nested, and HeddleThread::system and
// FiberBlock::context are always where the one that does not run has been left.
#pragma once

#include "sched/fiber_block.hpp"

#include <heddle/port/context_switcher.h>

#include <exception>

namespace heddle::sched {

class Worker;

inline constexpr const char* kInForeignCall =
    "schedule: in foreign call: foreign code may wait for fibers only inside heddle::callback";

/// On the fiber's stack.
struct ForeignFrame {
  ForeignFrame* outer;
  std::exception_ptr failure{};  // what left a callback; the foreign call does not return then
};

/// On the stack of the foreign code that calls back.
struct CallbackFrame {
  Worker* worker;
  FiberBlock* fiber;
  void* (*function)(void* closure) noexcept;
  void* closure;
  std::exception_ptr* failure;  // what has left `function`, if anything
  CallbackFrame* outer;
  HeddleContext parked{};  // where the fiber is parked in the foreign call around this
  HeddleContext system{};  // where the system stack was left before; of a foreign thread: where it is left
  bool borrowed = false;   // the thread is none of the runtime's
};

}  // namespace heddle::sched
