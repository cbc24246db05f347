// StoppedFiber: one fiber that does not run.
#pragma once

#include <heddle/api.hpp>
#include <heddle/fiber.hpp>

namespace heddle {

namespace detail {
struct LiveStacks;
}

/// From the end of its constructor to its destruction one fiber does not run. A fiber that waits stays stopped when it is
/// woken. Several for the same fiber count.
///
/// The constructor stops the world for a moment and returns when the fiber has been stopped; what keeps it waiting is what keeps
/// StoppedWorld waiting, and, for a preempted fiber that keeps its thread, that scheduler.max_workers is reached.
///
/// A fiber that is blocked in a system call counts as stopped when another worker has its processor: it does stop where it next calls the runtime.
///
/// Any fiber, any thread, while run() is under way. Throws std::system_error (resource_deadlock_would_occur) when a
/// fiber names itself.
class HEDDLE_API StoppedFiber {
 public:
  explicit StoppedFiber(FiberId id);
  ~StoppedFiber();
  StoppedFiber(const StoppedFiber&) = delete;
  StoppedFiber& operator=(const StoppedFiber&) = delete;

  /// False when there was no such fiber, or it had ended.
  explicit operator bool() const noexcept { return stopped_; }

 private:
  friend detail::LiveStacks;
  const FiberId id_;
  bool stopped_ = false;
};

}  // namespace heddle
