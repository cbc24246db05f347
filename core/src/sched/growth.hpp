// Growth: a fiber goes on on another stack when the one that it is on has too little room.
//
// C++ frames cannot be moved, so a stack grows by another one, larger, that is linked behind it (Segment). The check compares the stack pointer
// with the fiber's guard, which is above every stack pointer while a request to give way is pending: so it is a checkpoint too. On a miss
// the port's morestack parks the caller and asks new_stack, on the system stack, in this order:
//   1. where no stack grows (a system or signal stack, the child of a fork, a foreign call) the process ends with a message;
//   2. a request that is pending is honoured, and the check made again afterwards; where the fiber must not give way the request stays;
//   3. with enough room after all, the call is made where the caller is;
//   4. else a segment is linked, and morestack makes the call on that.
// When it is left, by return or exception, the fiber keeps one segment for the next time, so that a loop at the edge of a stack
// allocates once. A call that has room on the kept one, and no request pending, goes there at once: there is nothing to ask.
#pragma once

#include <heddle/port/context_switcher.h>

#include <cstddef>
#include <cstdint>

namespace heddle::sched {

struct FiberBlock;
struct Segment;
class Worker;
class Scheduler;

/// HeddleHost::new_stack.
HeddleSegment* HEDDLE_CALL new_stack(const HeddleContext* caller, void* context) noexcept;

/// The bytes at the low end of each stack that with_stack leaves to the core and to an injected call.
std::size_t reserved_bytes(const Scheduler& scheduler) noexcept;

/// The fiber begins on its own stack.
void begin_stack(FiberBlock& fiber, std::size_t reserved) noexcept;

/// The fiber has ended: what it has kept goes back.
void release_segments(Scheduler& scheduler, FiberBlock& fiber) noexcept;

/// This process is the child of a fork() that was called on that worker's thread.
void note_forked_worker(const Worker* worker) noexcept;

}  // namespace heddle::sched
