// StoppedWorld: no fiber runs but one's own.
#pragma once

#include <heddle/api.hpp>
#include <heddle/this_fiber.hpp>

#include <memory>

namespace heddle {

namespace sched {
class Visit;
}
namespace detail {
struct LiveStacks;
}

/// From the end of its constructor to its destruction no fiber runs but the one that made it; made by an ordinary thread, none does.
/// Timers that are due meanwhile fire afterwards.
///
/// The constructor returns when every fiber has been stopped: where it may be preempted, at its next checkpoint, or when it
/// next calls the runtime. So a fiber that computes without either under strategy `none` or `cooperative`, or inside NoPreempt, keeps it
/// waiting. One that somebody else constructs meanwhile waits in line; those of one fiber or thread nest.
///
/// While it lives its fiber must not wait (the process ends with a message: nobody could wake it), and yield() returns at once. What
/// a stopped fiber has locked stays locked. It ends where it was made, on that fiber or thread. Any fiber, any thread; does nothing when no
/// run() is under way. run() does not return while one of a thread lives.
class HEDDLE_API StoppedWorld {
 public:
  StoppedWorld();
  ~StoppedWorld();
  StoppedWorld(const StoppedWorld&) = delete;
  StoppedWorld& operator=(const StoppedWorld&) = delete;

 private:
  friend detail::LiveStacks;
  this_fiber::NoPreempt guard_;  // nobody else is to get the processor
  std::unique_ptr<sched::Visit> visit_;
  bool stopped_;
};

}  // namespace heddle
