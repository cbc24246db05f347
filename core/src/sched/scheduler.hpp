// Scheduler: hands work to processors and processors to workers.
//
// Who looks for work, and who wakes whom. A worker without work looks at the other processors for a while (it is
// "searching"); then it leaves its processor in the idle list and sleeps. Whoever makes a fiber ready wakes one idle
// processor, unless some worker is searching already: that one will find the fiber, and wakes the next when it does.
// The race between "made ready, nobody idle" and "looked everywhere, went idle" is closed by both sides writing before
// they read (all seq_cst): see wake_one and go_idle.
#pragma once

#include "sched/borrowed_worker.hpp"
#include "sched/code_map.hpp"
#include "sched/global_queue.hpp"
#include "sched/interfaces.hpp"
#include "sched/monitor.hpp"
#include "sched/processor.hpp"
#include "sched/stops.hpp"
#include "sched/worker.hpp"

#include <heddle/config.hpp>
#include <heddle/stats.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace heddle::sched {

class Scheduler {
 public:
  /// Makes everything but threads. Throws what StackPool does.
  Scheduler(const Config& config, const Interfaces& interfaces);
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  /// Makes the calling thread a worker and runs function(argument) as the first fiber, until that has ended and every
  /// worker has left its fiber. Throws std::system_error where memory or threads run out at the start.
  void run(void (*function)(void* argument) noexcept, void* argument);

  /// The scheduler of the run() that is under way, or null. Any thread.
  static Scheduler* running() noexcept;

  /// HeddleHost::forked: the process is the child of a fork(), and what ran here runs in the parent. Its only thread.
  static void HEDDLE_CALL forked(HeddleThread* thread) noexcept;

  // For the switch path.
  FiberBlock* pick_next(Worker& worker);                      // pick.hpp
  void push_ready(Worker& worker, FiberBlock& fiber);         // next on this worker's processor
  void push_started(Worker& worker, FiberBlock& fiber);       // likewise, one that is new
  void push_in_turn(Worker& worker, FiberBlock& fiber);       // likewise, but behind those that were before it
  void push_behind(Processor& processor, FiberBlock& fiber);  // last on it; REQUIRES: the caller owns it
  void push_global(FiberBlock& fiber);
  void push_preempted(Worker& worker, FiberBlock& fiber);  // REQUIRES: its slice was the worker's last to be ended
  void push_woken(FiberBlock& fiber);                      // from a thread without a processor
  bool has_idle_processor() const { return idle_count_.load(std::memory_order_seq_cst) != 0; }
  std::uint32_t global_size() const { return global_.size(); }
  std::uint32_t global_woken() const { return global_.woken(); }
  std::uint64_t wakes() const;  // how many fibers were woken so far
  bool has_other_work(Worker& worker);
  bool stopping() const { return stopping_.load(std::memory_order_relaxed); }
  void wake_one();

  /// A fiber has been made ready, on the processor of `worker` or, when that is null, in the global queue: sees to it that it need not
  /// wait longer than it must.
  void find_processor(Worker* worker) { has_idle_processor() ? wake_one() : monitor_.notice_waiter(worker); }

  // For everyone else.
  const Interfaces& interfaces() const { return interfaces_; }
  const Config& config() const { return config_; }
  stack::StackPool& stacks() { return stacks_; }
  stack::StackPool& segments() { return segments_; }  // apart, because every stack of the other has a control block
  Monitor& monitor() { return monitor_; }
  CodeMap& code_map() { return code_map_; }
  Stops& stops() { return stops_; }
  const std::vector<std::unique_ptr<Processor>>& processors() const { return processors_; }
  std::uint32_t searching() const { return searching_.load(std::memory_order_relaxed); }
  Stats stats() const;

  /// nanotime() as of when somebody last read the clock; a second old at most while anything runs.
  std::int64_t coarse_time() const { return coarse_time_.load(std::memory_order_relaxed); }
  void note_time(std::int64_t now) { coarse_time_.store(now, std::memory_order_relaxed); }

  // For the monitor (deadlock.cpp).
  bool all_asleep() const;             // nothing runs, and nothing of the runtime's own will make that different
  std::uint64_t thread_count() const;  // threads that the runtime has

  /// So many more threads are the runtime's own. REQUIRES: called before run.
  void count_helper_threads(std::uint32_t threads) { helper_threads_ += threads; }

  /// The main fiber has ended: every worker leaves its fiber where it next can.
  void stop() noexcept;

  // Requests to give way (request.cpp).

  /// Asks the worker to stop its fiber and look for another one. Any thread.
  void request_preemption(Worker& worker) noexcept;

  /// The same without an interruption: the next checkpoint, switch or interruption meets it. Any thread, async-signal-safe.
  void poison(Worker& worker) noexcept;

  /// Have all requests been met, checkpoints need not look closer any more. The monitor.
  void review_requests() noexcept;

  /// A fiber has looked closer, and was not asked. On the worker's own thread, which runs a fiber and is not in the core.
  void note_vain_look(Worker& worker) noexcept;

  /// Nobody runs any more who could be asked.
  static void forget_requests() noexcept;

  // Workers that lose their processor (rescue.cpp).

  /// Has another worker go on with a processor whose worker blocks in the kernel. False: it does not, or there is no other. The monitor.
  bool rescue(Processor& processor, Worker& worker);

  /// Has every thread of the process execute a barrier. False where nobody can.
  bool fence() const noexcept;

  /// Takes the processor from a worker, unless that is in the core. Without a fence only from foreign code. The processor is the caller's then. Any thread but the worker's.
  bool take_away(Processor& processor, Worker& worker);

  /// The running fiber waits for a processor, on its own thread, and has one when this returns; false when the scheduler stops. REQUIRES:
  /// enter_core said no.
  bool regain(Worker& worker);

  // Fibers that are tied to their thread (tied.cpp), and what comes back from foreign code (rescue.cpp).

  /// park_tied's half on the system stack; false when the scheduler stops.
  bool wait_tied(Worker& worker, FiberBlock& fiber, Commit commit, void* argument);

  /// The running fiber, which need not stay on this thread, waits for a processor. Returns the worker that it is on then. REQUIRES: the
  /// worker is in the core and has lost its processor.
  Worker& rejoin(Worker& worker);

  /// Leaves the processor to whoever needs one, before the fiber blocks its thread; false when nobody can take it. REQUIRES: the worker is in the
  /// core, has a processor and runs a fiber.
  bool leave_processor(Worker& worker);

  /// A worker has no processor, however that came about. REQUIRES: it is in the core, on its own thread.
  void note_lost(Worker& worker);

  /// It does not go without one any more. REQUIRES: as above.
  void end_adrift(Worker& worker);

  /// Takes the processor from a worker that has been in foreign code for long, although nobody waits. The monitor.
  void retrieve(Processor& processor, Worker& worker);

  // Threads that are none of the runtime's (borrowed_worker.cpp).

  /// Makes the calling thread, which it does not know, a worker that is in foreign code; null when the scheduler stops. Throws
  /// std::system_error. REQUIRES: the caller holds a Visit.
  std::unique_ptr<BorrowedWorker> bind_thread();

  /// The thread ends. REQUIRES: BorrowedWorker::unbind's lock.
  void unbind_thread(std::unique_ptr<BorrowedWorker> worker);

  /// For a thread that ends or has no more use for it: another worker goes on with the processor, or it rests.
  void release(Processor& processor);

  /// The thread of a worker that was added on a thread that may start none. The monitor.
  void start_thread_for_others(Worker& worker);

  /// An interruption came at a place that must not be preempted. Async-signal-safe.
  void count_refusal() noexcept { refusals_.fetch_add(1, std::memory_order_relaxed); }

  std::uint32_t adrift() const { return adrift_.load(std::memory_order_relaxed); }

  /// Calls `visit` for each worker there is; none is added meanwhile.
  template <class Visit>
  void for_each_worker(Visit visit) {
    std::lock_guard lock(lock_);
    for (const auto& worker : workers_) {
      if (!worker->retired) visit(*worker);
    }
    for (const auto& worker : borrowed_) visit(*worker);
  }

  FiberDepot& depot() { return depot_; }

  /// Takes the stacks of caches that were not used since the last call. True if some are left. The monitor.
  bool age_caches();

  // `worker` is the caller's, null on an ordinary thread.
  FiberBlock& make_fiber(Worker* worker, std::size_t stack_size);
  void recycle(Worker* worker, FiberBlock& fiber) noexcept;
  void count_end(Worker* worker) noexcept;  // of a fiber whose block stays

 private:
  bool put_first(Processor& processor, FiberBlock& fiber);  // false: another one was there, and waits on

  // Looking for work (find_work.cpp); all on the worker's system stack but attend, look_further and take_global.
  void work(Worker& worker);
  FiberBlock* find_work(Worker& worker);
  FiberBlock* search(Worker& worker);
  FiberBlock* steal(Worker& worker, Processor& victim, bool also_next);
  void stop_searching(Worker& worker);
  bool anything_ready() const;
  bool go_idle(Worker& worker);
  bool attend(Processor& processor);
  bool run_timers(TimerQueue& timers, Processor& mine);
  FiberBlock* look_further(Processor& processor);
  FiberBlock* take_global(Processor& processor);

  // Processors changing hands (hand_over.cpp).
  Worker* take_spare();
  bool starts_threads() const;  // may the caller's thread? What is odd about a thread those that it starts inherit
  Worker* find_worker(bool start_here);  // a spare or a new one; null when none is to be had
  Worker* add_worker(bool start_here);
  bool start_thread(Worker& worker);  // REQUIRES: lock_ is not held
  void leave_to_another(Processor& processor);
  Worker* take_retired();  // null when there is none. REQUIRES: lock_ is held
  void retire(Worker& worker);
  void give(Processor& processor, Worker& worker);
  bool let_go(Worker& worker, FiberBlock& kept);
  void hand_back(Worker& worker, FiberBlock& fiber);
  bool wait_for_processor(Worker& worker);
  bool take_from_idle(Processor& processor, const Worker& sleeper);
  Processor* take_any_idle();  // the worker that sleeps with it, if any, is searching then
  Processor* adopt_idle(Worker& worker);
  void put_spare(Worker& worker);
  void take_up(Worker& worker);
  void put_idle(Processor& processor);

  // A worker's thread, from its beginning to its end (scheduler.cpp).
  void enter_thread(Worker& worker);
  void begin_interruptions(Worker& worker);
  void know_thread(Worker& worker);
  void end_borrowed();
  void leave_thread(Worker& worker);
  void thread_main(Worker& worker);

  const Config config_;
  const Interfaces interfaces_;
  stack::StackPool stacks_;
  stack::StackPool segments_;
  FiberDepot depot_{stacks_};
  std::vector<std::unique_ptr<Processor>> processors_;
  GlobalQueue global_;

  std::atomic<bool> stopping_{false};
  std::atomic<std::int64_t> coarse_time_{0};
  std::atomic<std::uint32_t> idle_count_{0};  // written under lock_
  std::atomic<std::uint32_t> searching_{0};
  std::atomic<std::uint64_t> created_elsewhere_{0};  // fibers made, and ended, where there was no processor to count
                                                     // them
  std::atomic<std::uint64_t> ended_elsewhere_{0};
  std::atomic<std::uint64_t> preemption_requests_{0};
  std::atomic<std::uint64_t> refusals_{0};
  std::atomic<std::uint64_t> rescues_{0};
  std::atomic<std::uint32_t> adrift_{0};  // workers whose processor was taken while they run a fiber

  // Held while a worker's thread is started or joined. Not lock_: that is needed by threads of others that end, and those may then hold locks of
  // the system that a thread takes which starts, ends or starts another (Windows: the loader's; mingw-w64: that of its threads).
  std::mutex starting_;
  mutable std::mutex lock_;
  Processor* idle_ = nullptr;                             // guarded by lock_
  Worker* spare_ = nullptr;                               // guarded by lock_
  std::vector<std::unique_ptr<Worker>> workers_;          // guarded by lock_
  std::vector<BorrowedWorker*> borrowed_;                 // bound to threads. Guarded by lock_
  std::vector<std::unique_ptr<BorrowedWorker>> unbound_;  // guarded by lock_
  std::uint32_t retired_ = 0;                             // of workers_; guarded by lock_
  std::uint32_t helper_threads_ = 0;                      // fixed before run

  Stops stops_{*this};
  CodeMap code_map_;
  Monitor monitor_;
};

}  // namespace heddle::sched
