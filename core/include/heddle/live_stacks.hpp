// LiveStack: the memory in which a fiber that stands still holds references, for a collector of garbage.
//
// A collector stops the world, asks for the live stacks, scans their ranges word by word for whatever looks like a reference to one of its
// objects, and lets the world go on. docs/observing.md says more, and examples/collector.cpp is one.
#pragma once

#include <heddle/api.hpp>
#include <heddle/fiber.hpp>
#include <heddle/stopped_fiber.hpp>
#include <heddle/stopped_world.hpp>

#include <cstddef>
#include <memory>
#include <type_traits>

namespace heddle {

namespace sched {
class Worker;
}

/// Memory that can be read and does not change before whoever stopped the fiber lets it go on: [low, high), multiples of a word. It
/// may hold old words that nothing uses any more, and words of the runtime.
struct LiveRange {
  enum class Of {
    kStack,  ///< a stack of the fiber: frames, saved registers, the closure that it was started with, its control block
    kLocal,  ///< one of its FiberLocal values, made, about to be made or not yet destroyed
    kThread,  ///< of its thread: frames of foreign code that waits for a callback() of the fiber; the exceptions that are being handled
  };

  const void* low;
  const void* high;
  Of of;
};

/// One fiber. Valid during the call that it is handed to.
class LiveStack {
 public:
  enum class State {
    kStands,  ///< it does not run, has not begun or waits: all its references are in its ranges
    kCaller,  ///< it asks: its frames and registers as they are in the call
    kForeign,  ///< it is in a foreign call: what it holds itself is in its ranges, and not what the foreign code holds, which runs on
    kMoves,  ///< nobody knows where its references are, so it has no ranges: try again later
    kEnded,  ///< it holds none, and has no ranges
  };

  FiberId id() const noexcept { return id_; }
  State state() const noexcept { return state_; }

  /// Calls visit(LiveRange) for each range. The same rules as for visit_live_stacks.
  template <class Visit>
  void for_each_range(Visit&& visit) const {
    visit_ranges([](void* context,
                    const LiveRange& range) noexcept { (*static_cast<std::remove_reference_t<Visit>*>(context))(range); },
                 const_cast<void*>(static_cast<const volatile void*>(std::addressof(visit))));
  }

 private:
  friend detail::LiveStacks;
  LiveStack() = default;
  HEDDLE_API void visit_ranges(void (*visit)(void* context, const LiveRange& range) noexcept, void* context) const noexcept;

  FiberId id_{};
  State state_ = State::kMoves;
  const sched::FiberBlock* fiber_ = nullptr;
  const sched::Worker* worker_ = nullptr;  // that the fiber has not left
  const void* here_ = nullptr;             // the caller's stack pointer
};

/// What a visit has come by.
struct LiveStackCount {
  std::size_t fibers = 0;
  std::size_t moving = 0;  ///< of these, those in State::kMoves. While it is not 0 nothing may be collected

  bool complete() const noexcept { return moving == 0; }
};

namespace detail {

struct LiveStacks {
  using Visit = void (*)(void* context, const LiveStack& stack) noexcept;

  HEDDLE_API static LiveStackCount visit_all(const StoppedWorld& world, Visit visit, void* context) noexcept;
  HEDDLE_API static LiveStackCount visit_one(const StoppedFiber& stopped, Visit visit, void* context) noexcept;

 private:
  struct Caller;
  static LiveStackCount walk(const StoppedWorld& world, Visit visit, void* context) noexcept;
  static LiveStack look_at(const sched::FiberBlock& fiber, std::uint64_t look, const Caller& caller) noexcept;
};

template <class Visit>
void visit_live_stack(void* context, const LiveStack& stack) noexcept {
  (*static_cast<Visit*>(context))(stack);
}

}  // namespace detail

/// Calls visit(const LiveStack&) for each fiber that there is, those that have ended and not been joined among them. A fiber is in
/// State::kMoves when its thread waits in the kernel in a call that the runtime was not told of, or is on its way back from one or from a foreign
/// call. It gets out of it only when the world goes on.
///
/// What a fiber holds through memory of others, such as a std::vector or an exception, is not looked for; nor what ordinary threads and
/// foreign code hold.
///
/// `visit` must not wait, throw, make or end fibers, or call anything of Heddle but for_each_range, and should be short: threads that make
/// fibers spin meanwhile. Allocates nothing. REQUIRES: the caller is the one that has made `world`, also inside a foreign_call of
/// that fiber. Where run() is ending, all fibers count as moving, and none is visited. Not for signal handlers.
template <class Visit>
LiveStackCount visit_live_stacks(const StoppedWorld& world, Visit&& visit) {
  return detail::LiveStacks::visit_all(world, detail::visit_live_stack<std::remove_reference_t<Visit>>,
                                       const_cast<void*>(static_cast<const volatile void*>(std::addressof(visit))));
}

/// The same for one fiber, while others run. Those may write to it, as one does that sends it a value. One in a foreign call moves, since
/// it may come back. Nobody is visited when there is no such fiber. Any fiber, any thread.
template <class Visit>
LiveStackCount visit_live_stacks(const StoppedFiber& stopped, Visit&& visit) {
  return detail::LiveStacks::visit_one(stopped, detail::visit_live_stack<std::remove_reference_t<Visit>>,
                                       const_cast<void*>(static_cast<const volatile void*>(std::addressof(visit))));
}

}  // namespace heddle
