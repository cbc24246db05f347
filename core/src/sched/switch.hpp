// Parking, yielding and making ready: every way in which a fiber leaves a worker or comes back to one.
//
// A fiber that leaves hands on what must happen once it is off its stack (its Commit); the fiber that comes next does
// it, before anything else. So no queue ever holds a fiber that still runs, and no detour through the system stack is
// needed.
#pragma once

#include "sched/fiber_block.hpp"
#include "sched/worker.hpp"

namespace heddle::sched {

struct CallbackFrame;

/// Parks the running fiber; returns, with the worker that it is on by then, when it was made ready and its turn has
/// come. REQUIRES: `worker` runs a fiber.
Worker& park(Worker& worker, Commit commit, void* argument);

/// Gives way to the other ready fibers. REQUIRES: `worker` runs a fiber.
void yield(Worker& worker);

/// Gives way because a request is pending, at a place where the fiber may go on on any worker. Counted as `reason`.
void give_way(Worker& worker, Count ProcessorCounters::*reason);

/// Lets a fiber begin, as ready() lets one go on.
void start(FiberBlock& fiber) noexcept;

/// Lets a parked fiber run again: next on this worker's processor, or through the global queue. Any thread.
void ready(FiberBlock& fiber) noexcept;

/// As ready(), for one of several that are woken together: they run in the order of the calls.
void ready_in_turn(FiberBlock& fiber) noexcept;

/// Parks the running fiber, on a worker that has no processor: its loop is to find one. As park() otherwise, but the fiber stays on the
/// worker until `commit` takes it off: nobody else holds the world up for it. REQUIRES: the worker is in the core.
Worker& leave_without_processor(Worker& worker, Commit commit);

/// As give_way, for a fiber that is parked in *parked while the caller runs on the system stack. Returns when the fiber is to go on here; else the
/// caller's frames are abandoned, and whoever comes to the fiber switches to *parked. REQUIRES: the worker is in the core and has a processor.
void give_way_parked(Worker& worker, const HeddleContext& parked, Count ProcessorCounters::*reason);

/// Leaves the processor to others, and goes on on the same worker when the fiber's turn has come; returns at once when
/// nobody waits or no worker can be had. Counted as `reason`. REQUIRES: `worker` runs a fiber.
void keep_worker(Worker& worker, Count ProcessorCounters::*reason);

/// As park(), for a fiber that is tied to its thread: the thread waits with it. REQUIRES: the worker is in the core and has a processor.
Worker& park_tied(Worker& worker, Commit commit, void* argument);

/// The middle of park_tied, on the system stack: the fiber is parked already. Returns when it goes on.
void wait_tied_below(Worker& worker, FiberBlock& fiber, Commit commit, void* argument);

/// The scheduler stops: the running fiber is never resumed. REQUIRES: `worker` is in the core.
[[noreturn]] void leave_for_good(Worker& worker);

/// The same from the system stack below the loop: the fiber that was last put on the worker, and foreign code between here and there,
/// are left behind.
[[noreturn]] void return_to_loop(Worker& worker, FiberBlock& fiber);

/// The foreign code that waits for that callback, the worker's innermost, will never go on: the system stack is parked where it was before.
void leave_behind(Worker& worker, const CallbackFrame& frame);

/// Runs a fiber from the worker's loop; returns when the worker has nothing more to run.
void run_fiber(Worker& worker, FiberBlock& fiber);

}  // namespace heddle::sched
