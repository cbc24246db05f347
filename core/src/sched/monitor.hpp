// Monitor: a thread without a processor that ends slices, sees to timers that a busy processor would miss, and takes processors from
// workers whose fiber blocks its thread. It also gives idle stacks' memory back (idle_stacks.hpp).
//
// It looks as often as is needed (slice_watch.hpp). While it will look again soon anyway it is alert, and need not be told of a fiber that
// is made ready; that spares a chatty program the price of telling. Otherwise it sleeps until the end of a quantum that somebody waits
// for, until the next timer of a busy processor, or for a second, for those who want to know the time; and for good once nothing has
// happened for a second. To lay the alert down it takes alert_ back and looks at all once more, while whoever makes a fiber ready does
// that first and reads alert_ then. With one processor he does so with plain stores, and the monitor has every thread execute a barrier in
// between (HeddleThreadWatch::fence).
//
// Under a strategy with a clock for each thread (HeddlePreempter::arm) the workers' own alarms end their slices; what is left to the
// monitor is the global queue, and blocked threads.
#pragma once

#include "base/parker.hpp"
#include "sched/deadlock.hpp"
#include "sched/idle_stacks.hpp"
#include "sched/slice_watch.hpp"

#include <heddle/clock.hpp>

#include <heddle/detail/wait_list.hpp>

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace heddle::sched {

class Scheduler;
class Worker;
struct Processor;

class Monitor {
 public:
  explicit Monitor(Scheduler& scheduler);

  void start();

  /// Ends the thread. REQUIRES: every worker has left its fiber.
  void stop();

  /// A processor has become busy.
  void notice_busy() noexcept {
    if (asleep_.load(std::memory_order_seq_cst)) wake();
  }

  /// A fiber has been made ready, and no processor is idle. `worker`: the caller's, whose processor has it, or null.
  void notice_waiter(Worker* worker) noexcept {
    if (!alert()) [[unlikely]]
      raise_alert();
    if (own_alarms_ && worker) set_alert(*worker);
  }

  /// Will it look again soon, without being told?
  bool alert() const noexcept { return alert_.load(std::memory_order_relaxed); }

  /// The processor of `worker` is busy and has a timer that is due at `when`.
  void expect(Worker& worker, std::int64_t when) noexcept;

  /// The worker's own alarm has come. On its thread, in a signal handler.
  void alarm(Worker& worker) noexcept;

  /// Starts the worker's thread: the caller's is no model for it. Any thread.
  void start_thread_of(Worker& worker);

  /// A stack has become idle where no processor was.
  void notice_idle_stack() noexcept {
    if (!idle_stacks_.watches()) wake();
  }

  bool is_this_thread() const noexcept { return thread_.get_id() == std::this_thread::get_id(); }

  /// Looks at everything now.
  void wake() noexcept { parker_.unpark_lasting(); }

 private:
  // What it remembers of a processor.
  struct Watched {
    SliceWatch slice;
    std::uint64_t used = 0;          // by the thread of its worker; see HeddleThreadWatch::waits
    const Worker* worker = nullptr;  // that was seen in foreign code
    std::uint32_t foreign_call = 0;  // in which one
    std::int64_t foreign_since = 0;  // since when, nanotime()
  };

  // What a look at everything finds.
  struct Survey {
    std::int64_t again;  // when to look again; detail::kNever when nothing asks for it
    bool waiting;        // somebody waits for a processor
    bool moved;          // a processor has gone on to another fiber since the last look
  };

  void loop();
  Survey look_at_all(std::int64_t now);
  Survey look(Processor& processor, Watched& watched, OthersWaiting& others, std::int64_t now);
  /// While the world is stopped: only who has it stopped runs, and gives way when it lets the others go on.
  Survey look_at_stopped(Processor& processor, Worker& worker, Watched& watched, const OthersWaiting& others, std::int64_t now);
  std::int64_t look_at_waited(Processor& processor, Worker& worker, Watched& watched, OthersWaiting& others,
                              const SliceWatch::Result& seen, std::int64_t now);
  std::int64_t look_at_adrift(std::int64_t now);
  std::int64_t look_at_adrift(Worker& worker, std::int64_t now);
  bool blocks(const Worker& worker, std::uint64_t& used) const;
  std::int64_t time_in_foreign(const Worker& worker, Watched& watched, std::int64_t now) const;
  Survey look_at_foreign(Processor& processor, Worker& worker, Watched& watched, const SliceWatch::Result& seen,
                         std::int64_t now);
  void start_threads();
  void trace(std::int64_t now);
  void sleep(std::int64_t now, const Survey& seen);
  bool lay_alert_down(std::int64_t now, const Survey& seen);
  void sleep_until(std::int64_t now, std::int64_t until);
  void rest(std::int64_t now, std::int64_t until);
  void raise_alert() noexcept;
  void set_alert(Worker& worker) noexcept;
  void arm(Worker& worker, std::int64_t now, std::int64_t when) noexcept;
  bool all_idle() const;
  void end_all();

  Scheduler& scheduler_;
  const SliceLimits limits_;
  const std::int64_t trace_every_;  // 0: never
  const bool own_alarms_;
  DeadlockWatch deadlock_;
  IdleStacks idle_stacks_;
  base::Parker parker_;
  std::atomic<bool> alert_{false};   // it looks again soon, of itself
  std::atomic<bool> asleep_{false};  // until a processor becomes busy
  std::atomic<std::int64_t> wakes_at_{0};
  std::atomic<bool> ended_{false};
  detail::SpinLock unstarted_lock_;
  std::vector<Worker*> unstarted_;  // whose threads are to be started; guarded by unstarted_lock_
  // The thread's own.
  std::vector<Watched> watched_;   // by processor
  std::int64_t last_waiting_ = 0;  // when somebody was last seen to wait
  std::uint64_t switches_at_rest_ = 0;
  std::int64_t started_ = 0;
  std::int64_t next_trace_ = detail::kNever;
  std::int64_t next_stacks_ = detail::kNever;
  std::thread thread_;
};

}  // namespace heddle::sched
