// Stops: the world and single fibers brought to a stand, and let go again.
//
// The world. Whoever stops it sets one flag and makes every processor attentive: at its next pick a worker finds nothing to run,
// leaves its fiber as for any switch, and waits in its loop (hold). So a fiber that is stopped is parked like any other, its
// registers are where a switch saves them, and no lock of the core is held on its behalf. A processor stands still when it is idle or held;
// both end in find_work, which looks at the flag before anything else.
//
// One fiber. With the world stopped its `pinned` is set, which leads it to the worker's loop when its turn comes, and the loop asks
// for a record of it (set_aside). So neither costs anything on the switch path while nobody asks.
//
// Rejected: blocking the worker where it picks, on the fiber's stack. It would hold the lock of the list that the fiber is
// about to wait in, and the fiber's registers would be nowhere.
#pragma once

#include "sched/fiber_block.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <limits>
#include <mutex>
#include <thread>
#include <vector>

namespace heddle::sched {

class Scheduler;
class Worker;
struct Processor;

/// FiberBlock::pinned of a fiber that is to go through the worker's loop, and may go on on any worker. No worker is there.
inline Worker* const kDiverted = reinterpret_cast<Worker*>(std::uintptr_t{1});

class Stops {
 public:
  explicit Stops(Scheduler& scheduler) : scheduler_(scheduler) {}

  // The workers' side.

  /// Is the world to stand still, or does it? Any thread.
  bool asked() const noexcept { return asked_.load(std::memory_order_seq_cst); }

  /// Is it that fiber, null for none, that has the world stopped? The answer may be out of date at once.
  bool is_of(const FiberBlock* fiber) const noexcept {
    return fiber && owner_fiber_.load(std::memory_order_relaxed) == fiber;
  }

  /// Must the fiber that runs on `worker` leave it although nobody else waits? Not the one that has the world stopped.
  bool interrupts(Worker& worker) noexcept;

  /// The worker's fiber, which lost its processor in foreign code, is about to go on on its own stack. Waits while somebody may look at that.
  /// On the system stack.
  void leave_foreign(Worker& worker) noexcept;

  /// Waits while the world is stopped. Called on the system stack, with a processor.
  void hold(Worker& worker) noexcept;

  /// True if this fiber, which was picked because it is pinned, is stopped: it belongs to this then. It may be pinned no longer when
  /// it is not.
  bool set_aside(FiberBlock& fiber) noexcept;

  /// Is a StoppedFiber asked for it?
  bool includes(const FiberBlock& fiber) noexcept;

  // The other side. `worker` is the caller's, null on an ordinary thread.

  enum class Outcome {
    kStopped,
    kPartly,  // some did not stand still in time; the others do
    kEnding,  // the scheduler ends: nothing was asked for, and start_world is not to be called
  };

  static constexpr std::int64_t kNoLimit = std::numeric_limits<std::int64_t>::max();

  /// Stops the world; nested calls of one fiber or thread count. A caller that finds it stopped by somebody else waits in line, for as long as
  /// that takes. REQUIRES: a fiber that calls has no_preempt set until it calls start_world.
  Outcome stop_world(Worker* worker, std::int64_t limit_ns = kNoLimit);

  /// As stop_world, but for a process that is about to end: the world is never started again, nobody is waited for in line, `dying` (may be
  /// null) is not waited for, and neither is anybody for longer than `limit_ns`. True if all others stand still.
  bool stop_world_for_good(const Worker* dying, std::int64_t limit_ns);

  void start_world() noexcept;

  std::uint64_t world_stops() const noexcept { return world_stops_.load(std::memory_order_relaxed); }
  std::uint64_t stopped_fibers() const noexcept { return records_count_.load(std::memory_order_relaxed); }

  /// Has that fiber been running when the world was stopped? REQUIRES: the world is stopped.
  bool was_running(const FiberBlock& fiber) noexcept;

  /// A number for whoever is about to look at all fibers. REQUIRES: the caller has the world stopped.
  std::uint64_t begin_look() noexcept { return ++looks_; }

  /// Stops one fiber; false when there is none of that number. REQUIRES: it is not the caller's own.
  bool stop_fiber(Worker* worker, std::uint64_t number);
  void start_fiber(std::uint64_t number) noexcept;

 private:
  // Of one processor.
  /// What was last seen of a worker's thread.
  struct Seen {
    std::uint64_t used = 0;  // see HeddleThreadWatch::waits
    bool asked = false;      // it was asked to stop then
  };
  struct Stand {
    bool held = false;
    const FiberBlock* fiber = nullptr;  // that was running when it was stopped
    Seen seen;
  };
  struct Record {
    std::uint64_t number;
    std::uint32_t count;
    FiberBlock* aside;  // once it was picked
  };

  using Lock = std::unique_lock<std::mutex>;

  bool try_to_stop(Worker* worker, std::int64_t limit_ns, Outcome& outcome);
  void take_turn(Worker* worker);
  void give_turn();
  bool is_mine(const Worker* worker) const;
  void ask_all();
  bool all_stand(const Worker* exempt, bool press);
  bool all_adrift_stand(const Worker* exempt);
  void press(Processor& processor, Worker& worker);
  void ask(Worker& worker, Seen& seen);
  bool wait_until_all_stand(Lock& lock, const Worker* exempt, std::int64_t limit_ns);
  Record* find(std::uint64_t number);
  bool mark(FiberBlock& fiber);

  Scheduler& scheduler_;
  std::atomic<bool> asked_{false};               // written under lock_
  std::atomic<std::uint32_t> records_count_{0};  // of records_, for those who do not want the lock
  std::atomic<std::uint64_t> world_stops_{0};

  std::mutex lock_;
  std::condition_variable changed_;
  bool taken_ = false;  // by one who stops the world or is about to. All that follows: guarded by lock_
  bool for_good_ = false;
  std::uint32_t depth_ = 0;
  std::atomic<const FiberBlock*> owner_fiber_{nullptr};  // who took it; null for a thread. Compared without the lock with one's own
  const Worker* owner_worker_ = nullptr;                 // that the fiber runs on: it cannot leave it
  std::thread::id owner_thread_{};
  std::vector<Stand> stands_;      // by processor
  std::vector<Seen> seen_adrift_;  // by worker
  std::vector<Record> records_;
  std::uint64_t looks_ = 0;  // guarded by the world being stopped
};

}  // namespace heddle::sched
