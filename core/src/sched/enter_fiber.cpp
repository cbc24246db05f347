// The word FiberBlock::joiner decides who sees a fiber's end. It goes from "nobody" to a waiting joiner, "detached" or
// "ended", each by one atomic step; whoever comes second does what is left: wake the joiner, or let the memory be used
// again.
#include "sched/enter_fiber.hpp"

#include "base/fatal.hpp"
#include "base/forked_child.hpp"
#include "base/parker.hpp"
#include "sched/fiber_local.hpp"
#include "sched/switch_inline.hpp"
#include "sched/wait_note.hpp"

namespace heddle::sched {

namespace {

/// Once the fiber is off its stack.
bool announce_end(Worker& worker, FiberBlock& ended, void*) {
  const std::uintptr_t joiner = ended.joiner.exchange(kEnded, std::memory_order_acq_rel);
  if (joiner == kDetached) {
    worker.scheduler.recycle(&worker, ended);
  } else if (joiner & kThreadTag) {
    reinterpret_cast<base::Parker*>(joiner & ~kThreadTag)->unpark();
  } else if (joiner != kNoJoiner) {
    auto& waiting = *reinterpret_cast<FiberBlock*>(joiner);
    note_woken(waiting);
    worker.scheduler.push_ready(worker, waiting);
  }
  return true;
}

}  // namespace

void HEDDLE_CALL enter_fiber(void* transfer, void* fiber) {
  FiberBlock& self = *static_cast<FiberBlock*>(fiber);
  tools::arrive(self.tools, static_cast<Worker*>(transfer)->tools);
  finish(*static_cast<Worker*>(transfer));
  leave_core(*static_cast<Worker*>(transfer));
  self.fresh = false;
  self.body(self.closure);
  if (self.local_values) [[unlikely]]
    destroy_local_values(self);

  Worker* const here = current_worker();
  if (!here) [[unlikely]]
    base::refuse_in_forked_child();  // nobody to switch to
  Worker& worker = *here;
  enter_with_processor(worker);
  worker.ends = self.ties != 0;  // a LockThread that was never released: the thread is not fit for others
  const std::uintptr_t joiner = self.joiner.load(std::memory_order_acquire);
  auto* waiting = reinterpret_cast<FiberBlock*>(joiner);
  // A fiber that waits for this one goes on at once, in what is left of the slice.
  const bool direct = joiner > kEnded && !(joiner & kThreadTag) && !worker.ends && !waiting->pinned &&
                      !worker.preemption_requested() && !worker.scheduler.stopping();
  if (direct) note_woken(*waiting);
  FiberBlock* next = direct ? waiting : nullptr;
  if (!direct && !worker.ends) next = for_this_worker(worker, worker.scheduler.pick_next(worker));
  tools::ends(self.tools);
  switch_from(worker, self, next, direct ? nullptr : announce_end, nullptr);
  base::fatal("a fiber went on after it had ended");
}

}  // namespace heddle::sched
