// Worker: an OS thread that runs fibers.
//
// A worker's loop lives on the thread's own stack, the system stack. A switch goes straight from fiber to fiber; the
// loop is only entered when there is nothing to run, when a fiber must go on on another worker, and at the end.
//
// States: running (has a processor and a fiber); looking or idle (has a processor, fiber is null; idle: the processor
// is in the scheduler's idle list and may be woken); spare (no processor, in the scheduler's spare list); keeping (no
// processor, `kept` is a fiber that was preempted here and goes on here when someone hands a processor over); adrift (no
// processor, runs a fiber from whose thread it was taken, until that enters the core: core_section.hpp).
#pragma once

#include "base/parker.hpp"
#include "base/relaxed_pointer.hpp"
#include "sched/fiber_block.hpp"
#include "sched/processor.hpp"
#include "sched/slice_watch.hpp"

#include <heddle/port/context_switcher.h>
#include <heddle/port/thread.h>
#include <heddle/detail/wait_list.hpp>

#include <atomic>
#include <cstdint>
#include <thread>

namespace heddle::sched {

class Scheduler;

/// What is left to do for a fiber once it is off its stack; runs on the stack of whatever runs next on the worker, and
/// must not touch the fiber after it has handed it on. False: it is ready again at once.
using Commit = bool (*)(Worker& worker, FiberBlock& parked, void* argument);

/// The value of Worker::poison while a request to give way is pending: with it, every guard is above every stack pointer.
inline constexpr std::uintptr_t kPoison = ~std::uintptr_t{0};

/// What the monitor knows of a worker that is adrift.
struct Adrift {
  std::uint32_t period = 0;    // how often it has been
  std::uint64_t used = 0;      // see HeddleThreadWatch::waits
  std::int64_t next_look = 0;  // nanotime()
  std::int64_t patience = 0;   // ns until the look after that
};

class Worker : public HeddleThread {  // what the port may see of it; its TLS slot points here
 public:
  Worker(Scheduler& owner, const HeddleContextSwitcher& switcher, bool with_fence)
      : HeddleThread{}, swap(switcher.swap), scheduler(owner), fenced(with_fence) {}

  /// For a new thread, where the one before has ended.
  void begin_anew();

  FiberBlock* current() const { return static_cast<FiberBlock*>(fiber); }
  void set_current(FiberBlock* block) noexcept { std::atomic_ref(fiber).store(block, std::memory_order_relaxed); }
  /// current() for other threads: it may be on another one by now.
  FiberBlock* glimpse() noexcept {
    return static_cast<FiberBlock*>(std::atomic_ref(fiber).load(std::memory_order_relaxed));
  }
  bool preemption_requested() const { return poison.load(std::memory_order_relaxed) == kPoison; }

  /// Its processor is gone. REQUIRES: take_lock is held.
  void begin_adrift() noexcept { adrift = {adrift.period + 1}; }

  /// Waits for the decision of who takes the processor; false when it is gone. REQUIRES: in_core and taken are raised.
  bool was_left_its_processor() noexcept;

  /// The running fiber waits until the worker has a processor again. REQUIRES: it is in the core, and lost its own.
  void regain_processor();

  void*(HEDDLE_CALL* const swap)(HeddleContext*, const HeddleContext*, void*);
  Scheduler& scheduler;
  const bool fenced;  // Scheduler::fence() works: what this worker writes and reads needs no order of its own

  /// Does its thread run foreign code? Its fiber, if it has one, is parked then. Any thread; the two that follow are for its own.
  bool in_foreign() const noexcept { return foreign_steps.load(std::memory_order_acquire) % 2 != 0; }
  void enter_foreign() noexcept { step_foreign(); }
  void leave_foreign() noexcept { step_foreign(); }

  // Written by the worker's own thread and, with take_lock, by who takes it away.
  base::RelaxedPointer<Processor> processor;
  // Not beside each other: a load from the word that was just stored to waits for the store, also if it wants another byte of it.
  std::atomic<bool> in_core{true};            // written by the worker's own thread
  alignas(8) std::atomic<bool> taken{false};  // somebody takes the processor, or has; raised with take_lock
  detail::SpinLock take_lock;
  std::atomic<bool> bound{false};           // its thread runs, and the port has said what it knows of that
  std::atomic<bool> bereft{false};          // another worker has adopted the idle processor that this one sleeps with
  std::atomic<Processor*> handed{nullptr};  // a processor on its way to this worker, which is parked
  std::atomic<std::uintptr_t> poison{0};    // 0 or kPoison; written by the worker and the monitor

  std::uint32_t vain_looks = 0;  // Scheduler::note_vain_look

  std::uintptr_t interrupted_at = 0;  // the instruction that preempted() is called before

  // The unfinished half of the last switch; written before it, used up after it.
  Commit commit = nullptr;
  FiberBlock* commit_fiber = nullptr;
  void* commit_argument = nullptr;

  // The thread's own, so that no thread_local is touched on the switch path.
  bool long_exception_globals = false;
  ExceptionGlobals* exception_globals = nullptr;
  int* error_number = nullptr;
  std::uintptr_t* stack_limit = nullptr;  // split_stack.hpp
  ExceptionGlobals system_exceptions{};   // of the system stack while a fiber runs

  std::atomic<std::uint32_t> foreign_steps{0};  // into foreign code and out of it; odd inside

  FiberBlock* picked = nullptr;                  // what the loop is to run next, although it may not be for this worker
  FiberBlock* kept = nullptr;                    // see above
  Beneficiary ended_for = Beneficiary::kAnyone;  // the last slice that was ended by a request
  bool borrowed = false;                         // its thread is none of the runtime's
  bool searching = false;                        // counted in Scheduler::searching_
  bool comes_back = false;                       // its thread called run(), and returns from it
  bool ends = false;                             // its thread is to end, and takes the fiber that has just ended along
  bool retired = false;                          // its thread has ended, or is about to; guarded by Scheduler::lock_
  Worker* spare_link = nullptr;                  // guarded by Scheduler::lock_

  Alarm alarm;    // under a strategy that has a clock for each thread; the worker's own thread and its signal handler
  Adrift adrift;  // guarded by take_lock

  base::Parker parker;
  detail::SpinLock request_lock;                  // orders the monitor's requests with the end of the thread
  bool interruptible = false;                     // between Preempter::enter and leave; guarded by request_lock
  [[no_unique_address]] tools::StackState tools;  // of the system stack
  std::thread thread;  // empty for the one that called run(); guarded by Scheduler::starting_

 private:
  void step_foreign() noexcept {
    foreign_steps.store(foreign_steps.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  }
};

namespace internal {
/// TlsProvider::get of the running scheduler's port; before and after that a function that returns null.
extern std::atomic<HeddleThread*(HEDDLE_CALL*)()> current_thread;
}  // namespace internal

/// The worker that the calling thread is, or null. Asks the port at each call: a fiber may have moved.
inline Worker* current_worker() noexcept {
  return static_cast<Worker*>(internal::current_thread.load(std::memory_order_relaxed)());
}

/// The fiber that the calling thread runs, or null.
inline FiberBlock* current_fiber() noexcept {
  Worker* worker = current_worker();
  return worker ? worker->current() : nullptr;
}

}  // namespace heddle::sched
