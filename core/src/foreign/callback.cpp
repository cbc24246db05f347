// Callbacks: onto a fiber's stack, from foreign code that a fiber has called or that runs on a thread of its own.
//
// What must not happen: the fiber leaves the thread while foreign frames lie on its system stack. So the fiber is tied to the thread before it may
// be scheduled at all, and "in foreign code", which forbids that, is set again before the tie is dropped.
#include "base/fatal.hpp"
#include "base/forked_child.hpp"
#include "sched/at_thread_end.hpp"
#include "sched/borrowed_worker.hpp"
#include "sched/census.hpp"
#include "sched/core_section.hpp"
#include "sched/fiber_local.hpp"
#include "sched/foreign_frame.hpp"
#include "sched/scheduler.hpp"
#include "sched/switch.hpp"
#include "sched/switch_inline.hpp"
#include "sched/tool_hooks.hpp"
#include "sched/visit.hpp"

#include <heddle/callback.hpp>

#include <atomic>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>
#include <unordered_map>
#include <utility>

namespace heddle::detail {

namespace {

using sched::BorrowedWorker;
using sched::CallbackFrame;
using sched::FiberBlock;
using sched::ForeignFrame;
using sched::Worker;

/// What a callback inside a foreign call changes is put back.
void restore(const CallbackFrame& frame) {
  FiberBlock& fiber = *frame.fiber;
  frame.worker->system = frame.system;
  fiber.context = frame.parked;
  fiber.callback = frame.outer;
  --fiber.ties;
}

/// Something has left the callback: the foreign call around it is abandoned, and whoever made that gets the failure.
/// On the fiber's stack.
[[noreturn]] void abandon_call(CallbackFrame& frame) {
  Worker& worker = *frame.worker;
  FiberBlock& fiber = *frame.fiber;
  fiber.foreign->failure = std::move(*frame.failure);
  if (!base::in_forked_child()) sched::enter_core(worker);
  sched::leave_behind(worker, frame);
  restore(frame);
  sched::tools::abandons_frames();
  sched::tools::jump_on_the_same(fiber.tools);
  worker.scheduler.interfaces().context_switcher->jump(&fiber.context, &worker);
  base::fatal("a callback that was left went on");
}

/// On the fiber's stack. Null; a foreign thread whose callback is given up gets another answer.
void* run_on_fiber(void* argument) {
  CallbackFrame& frame = *static_cast<CallbackFrame*>(argument);
  FiberBlock& fiber = *frame.fiber;
  sched::tools::arrive(fiber.tools, frame.worker->tools);
  if (frame.borrowed) frame.system = frame.worker->system;
  frame.function(frame.closure);
  if (frame.borrowed && fiber.local_values) sched::destroy_local_values(fiber);
  base::check(sched::current_worker() == frame.worker || base::in_forked_child(), "a callback has changed its thread");
  base::check(fiber.callback == &frame, "a callback ends that is not the innermost");
  if (!frame.borrowed && *frame.failure) [[unlikely]]
    abandon_call(frame);
  sched::tools::leave_by_return(fiber.tools, frame.worker->tools);
  return nullptr;
}

void* run_below(Worker& worker, const HeddleContext& on, CallbackFrame& frame) {
  sched::tools::leave(worker.tools, frame.fiber->tools);
  void* given_up = worker.scheduler.interfaces().context_switcher->park_and_call(&worker.system, &on, run_on_fiber, &frame);
  sched::tools::arrive(worker.tools, worker.tools);
  return given_up;
}

/// The worker comes out of foreign code, and is in the core, with a processor, when this returns. False when the scheduler stops.
bool come_back(Worker& worker) {
  if (sched::enter_core_after_foreign(worker)) [[likely]] {
    worker.leave_foreign();
    return true;
  }
  worker.scheduler.stops().leave_foreign(worker);
  return worker.scheduler.regain(worker);
}

/// The caller is foreign code that `fiber` has called.
void call_back(Worker& worker, FiberBlock& fiber, void* (*function)(void*) noexcept, void* closure, std::exception_ptr& failure) {
  fiber.ties = (fiber.ties + 1) & ~sched::kInForeign;
  if (!come_back(worker)) sched::return_to_loop(worker, fiber);
  CallbackFrame frame{&worker, &fiber, function, closure, &failure, fiber.callback, fiber.context, worker.system};
  fiber.callback = &frame;
  sched::leave_core(worker);
  run_below(worker, frame.parked, frame);
  fiber.ties |= sched::kInForeign;
  restore(frame);  // from "in foreign code" on somebody may look at where the stacks are parked
  worker.enter_foreign();
}

// --- Threads that the runtime does not know --------------------------------------------------------------------------------

[[noreturn, gnu::cold]] void refuse(std::errc why, const char* what) {
  throw std::system_error(std::make_error_code(why), what);
}

/// The process ends, and its other threads may be gone already, with locks that they held.
constinit std::atomic<bool> process_ends = false;

struct TellsOfTheEnd {
  ~TellsOfTheEnd() { process_ends = true; }
} tells_of_the_end;

/// A thread's worker.
struct Binding {
  std::unique_ptr<BorrowedWorker> worker;
  ~Binding() {
    // In a forked child it went with all else that the parent's threads had, locks among it.
    if (process_ends || base::in_forked_child()) {
      (void)worker.release();
    } else if (worker) {
      BorrowedWorker::unbind(std::move(worker));
    }
  }
};

/// What a thread keeps from its first callback on. Where thread_local is emulated it is null again when the thread's destructors have begun.
thread_local constinit Binding* lasting = nullptr;

/// So the thread finds it by its id then. Never destroyed: threads end, and are killed in it, as the process ends.
struct Bindings {
  std::mutex lock;
  std::unordered_map<std::thread::id, Binding*> by_thread;
};
Bindings& bindings() {
  static Bindings& all = *new Bindings;
  return all;
}

void HEDDLE_AT_THREAD_END end_lasting(void* binding) {
  lasting = nullptr;
  {
    std::lock_guard guard(bindings().lock);
    bindings().by_thread.erase(std::this_thread::get_id());
  }
  delete static_cast<Binding*>(binding);
}

/// A destructor that calls back when the thread's binding has ended makes another, which ends with the next of the destructors.
[[gnu::cold, gnu::noinline]] Binding& find_lasting() {
  Binding*& found = []() -> Binding*& {
    std::lock_guard guard(bindings().lock);
    return bindings().by_thread[std::this_thread::get_id()];  // stays where it is, and is this thread's
  }();
  if (!found) {
    found = new Binding;
    sched::at_thread_end(end_lasting, found);
  } else if (found->worker) {
    found->worker->exception_globals = sched::thread_exception_globals();  // they are a thread_local, too
  }
  return *(lasting = found);
}

std::unique_ptr<BorrowedWorker> bind_thread() {
  if (!sched::wait_until_run_is_up())
    refuse(std::errc::operation_not_permitted,
           "heddle::callback: no runtime is running; call it while heddle::run() is under way");
  const sched::Visit visit;
  std::unique_ptr<BorrowedWorker> worker = visit.scheduler() ? visit.scheduler()->bind_thread() : nullptr;
  if (!worker) refuse(std::errc::operation_canceled, "heddle::callback: heddle::run() has ended");
  return worker;
}

/// The worker runs the fiber of its callbacks, with a processor, in the core; false when the scheduler stops.
bool begin_fiber(BorrowedWorker& worker) {
  FiberBlock& fiber = *worker.callback_fiber;
  sched::tools::leave_system(worker.tools);
  copy_exception_globals(worker.system_exceptions, *worker.exception_globals, worker.long_exception_globals);
  put_on(worker, fiber);
  fiber.ties = 1;
  if (!come_back(worker)) return false;
  fiber.number = worker.processor->fibers.new_number();
  sched::count(worker.processor->counters.fibers_created);
  sched::note_woken(fiber);
  sched::begin_use(fiber);
  return true;
}

void end_fiber(BorrowedWorker& worker, bool began) {
  if (base::in_forked_child()) return put_on_system(worker);
  FiberBlock& fiber = *worker.callback_fiber;
  worker.enter_foreign();
  fiber.ties = 0;
  fiber.thread_locks = 0;
  fiber.foreign = nullptr;
  fiber.callback = nullptr;
  if (began) {
    sched::end_use(fiber);
    worker.scheduler.count_end(sched::enter_core(worker) ? &worker : nullptr);
  }
  if (!worker.processor) worker.scheduler.note_lost(worker);  // it waited for one when the scheduler stopped
  put_on_system(worker);
  sched::leave_core(worker);
}

void call_from_outside(BorrowedWorker& worker, void* (*function)(void*) noexcept, void* closure, std::exception_ptr& failure) {
  const HeddleTlsProvider& slot = *worker.scheduler.interfaces().tls_provider;
  slot.set(&worker);
  bool completed = false;
  const bool began = begin_fiber(worker);
  if (began) {
    FiberBlock& fiber = *worker.callback_fiber;
    CallbackFrame frame{&worker, &fiber, function, closure, &failure, nullptr};
    frame.borrowed = true;
    fiber.callback = &frame;
    sched::leave_core(worker);
    completed = run_below(worker, worker.bottom, frame) == nullptr;
  }
  end_fiber(worker, began);
  slot.clear();
  if (completed) [[likely]]
    return;
  worker.close();
  refuse(std::errc::operation_canceled, "heddle::callback: heddle::run() has ended before the callback has");
}

/// From enter() to leave().
struct Inside {
  BorrowedWorker& worker;
  ~Inside() {
    if (!base::in_forked_child()) worker.leave();
  }
};

void call_from_unknown_thread(void* (*function)(void*) noexcept, void* closure, std::exception_ptr& failure) {
  base::refuse_in_forked_child();
  Binding& bound = lasting ? *lasting : find_lasting();
  if (!bound.worker || !bound.worker->enter()) [[unlikely]] {
    if (bound.worker) BorrowedWorker::unbind(std::move(bound.worker));
    bound.worker = bind_thread();  // inside already
  }
  const Inside inside{*bound.worker};
  call_from_outside(*bound.worker, function, closure, failure);
}

}  // namespace

void run_callback(void* (*function)(void*) noexcept, void* closure, std::exception_ptr& failure) {
  Worker* worker = sched::current_worker();
  if (!worker) return call_from_unknown_thread(function, closure, failure);
  FiberBlock* fiber = worker->current();
  if (!fiber || !(fiber->ties & sched::kInForeign)) {
    function(closure);
    return;
  }
  call_back(*worker, *fiber, function, closure, failure);
}

}  // namespace heddle::detail
