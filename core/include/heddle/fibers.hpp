// fibers: every fiber that there is, as a list or as a text with backtraces.
#pragma once

#include <heddle/api.hpp>
#include <heddle/fiber.hpp>

#include <chrono>
#include <ostream>
#include <string>
#include <vector>

namespace heddle {

enum class FiberState {
  kRunning,    ///< or it was when it was looked at
  kReady,      ///< waits for its turn
  kPreempted,  ///< likewise, and was stopped between two instructions
  kWaiting,
  kForeign,  ///< in a foreign call, whose code runs or waits
  kEnded,    ///< nobody has joined it yet
};

/// What can be seen of a fiber from outside.
struct FiberInfo {
  FiberId id;
  std::string name;
  FiberState state;
  std::string waits_for;             ///< "mutex 0x7ffe10", "the end of fiber 12"; empty unless it waits
  std::chrono::nanoseconds waiting;  ///< for how long, to about a second; zero unless it waits or was preempted
  std::string made_by;  ///< the function that made it, with module and offset; empty when that is not known
  bool pinned;          ///< must go on on the thread that it was on
  bool stopped;         ///< by StoppedFiber
};

/// All fibers, by their ids. Stops the world for the time, but waits for no fiber longer than a second: one that cannot be stopped
/// counts as running. Any fiber, any thread; empty when no run() is under way.
HEDDLE_API_FUNCTION std::vector<FiberInfo> fibers();

/// The same as a text, a paragraph each, with the backtrace of those that have been stopped; docs/observing.md shows one. The first
/// 1,000 get a backtrace, if 8 KiB of their stack are free for that.
HEDDLE_API_FUNCTION void dump_fibers(std::ostream& out);

}  // namespace heddle
