// FiberBlock: a fiber's control block. It lies at the high end of the fiber's stack, so that both are one allocation.
//
// Who may touch it: the worker that runs the fiber; while it is parked, whoever holds what it is parked on; while it is
// ready, the queue that holds it. Only `joiner` is shared.
#pragma once

#include "sched/exception_globals.hpp"
#include "sched/tool_hooks.hpp"
#include "stack/stack_pool.hpp"

#include <heddle/port/context_switcher.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace heddle::detail {
struct LocalValue;
}

namespace heddle::sched {

class Worker;
struct CallbackFrame;
struct ForeignFrame;
struct Segment;

/// A bit of FiberBlock::ties: foreign code runs on behalf of the fiber, which must not wait.
inline constexpr std::uint32_t kInForeign = 1u << 31;

/// What the word FiberBlock::joiner holds besides these: a FiberBlock* that waits for the end, or a base::Parker* with
/// kThreadTag.
inline constexpr std::uintptr_t kNoJoiner = 0;
inline constexpr std::uintptr_t kThreadTag = 1;
inline constexpr std::uintptr_t kDetached = 2;
inline constexpr std::uintptr_t kEnded = 4;

/// What with_stack has to know of a stack: the stack pointers in [guard, guard + bytes) leave below them what the core and an injected
/// call need.
struct Room {
  std::uintptr_t guard = 0;
  std::size_t bytes = 0;
  Segment* segment = nullptr;  // whose it is; null: of the stack that the fiber began on
};

struct FiberBlock {
  // What a switch touches, in the first cache line.
  HeddleContext context{};     // where the fiber goes on; valid while it does not run
  FiberBlock* link = nullptr;  // the next one in the queue that holds this
  Worker* pinned = nullptr;    // the only worker that may run it, null when any may; see also kDiverted
  ExceptionGlobals exceptions{};
  int error_number = 0;          // errno
  bool fresh = true;             // has not run yet
  std::uint32_t no_preempt = 0;  // how many NoPreempt guards and core locks it holds
  std::uint32_t ties = 0;        // how many LockThread guards and callbacks keep it on its thread; and kInForeign

  std::atomic<std::uintptr_t> joiner{kNoJoiner};
  void (*body)(void* closure) = nullptr;
  void* closure = nullptr;
  detail::LocalValue* local_values = nullptr;  // of FiberLocal variables; null again when the fiber has ended
  std::uint64_t number = 0;
  std::uint32_t thread_locks = 0;     // of the ties, the LockThread guards
  ForeignFrame* foreign = nullptr;    // the innermost foreign call that it is in
  CallbackFrame* callback = nullptr;  // the innermost callback that it is in
  stack::Stack stack{};               // that it began on
  Room own_room{};
  const Room* room = &own_room;      // of the stack that it is on
  Segment* spare_segment = nullptr;  // kept for the next time
  void* growth = nullptr;  // the context of a call that waits for more stack: a collector's, while it is parked there
  [[no_unique_address]] tools::StackState tools;

  // For those who look at it from outside (census.hpp).
  std::atomic<std::uint32_t> incarnation{0};    // odd while the block belongs to a fiber
  bool parked_in_trace = false;                 // observe/trace.hpp: it was looked at since it last ran
  std::atomic<const char*> waits_for{nullptr};  // null: for its turn only. See wait_note.hpp
  const void* waits_on = nullptr;               // which one of these
  std::int64_t waits_since = 0;                 // Scheduler::coarse_time(); only while waits_for is not null
  const void* made_at = nullptr;                // the address behind the call that made it

  // Of the last look at live stacks (observe/live_stacks.cpp) that found a worker with it.
  std::uint64_t seen_in = 0;
  Worker* seen_on = nullptr;
  bool seen_moving = false;

  static constexpr std::size_t kNameBytes = 32;
  std::array<char, kNameBytes> name{};  // ends with a zero
};

}  // namespace heddle::sched
