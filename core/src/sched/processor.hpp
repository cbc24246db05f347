// Processor: the right to run fibers. There are scheduler.processors of them; each owns a run queue, timers and caches.
//
// A processor is in one of two states. Busy: a worker runs fibers with it, and what is marked "owner" belongs to that
// worker. Idle: it is in the scheduler's idle list, and the worker that left it there sleeps until the earliest of its
// timers, so every timer has somebody who waits for it.
#pragma once

#include "base/random.hpp"
#include "sched/fiber_cache.hpp"
#include "sched/run_queue.hpp"
#include "sched/start_queue.hpp"
#include "sched/timer_queue.hpp"

#include <heddle/detail/wait_list.hpp>

#include <atomic>
#include <cstdint>
#include <utility>

namespace heddle::sched {

class Worker;

using Count = std::atomic<std::uint64_t>;

/// Written by the owner, read by anyone.
struct ProcessorCounters {
  Count switches{0};
  std::atomic<std::uint64_t> steals{0};
  std::atomic<std::uint64_t> preemptions{0};
  std::atomic<std::uint64_t> cooperative_preemptions{0};
  std::atomic<std::uint64_t> timers_fired{0};
  std::atomic<std::uint64_t> fibers_created{0};
  std::atomic<std::uint64_t> fibers_ended{0};
  std::atomic<std::uint64_t> wakes{0};           // waiting fibers that its owner made ready
  std::atomic<std::uint64_t> wakes_at_start{0};  // what that was when its owner last started a fiber
};

/// Adds without a locked instruction: there is one writer at a time.
inline void count(Count& counter, std::uint64_t by = 1) {
  counter.store(counter.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
}

/// Who is to run when a slice is ended.
enum class Beneficiary : std::uint8_t {
  kAnyone,       // whose turn it is
  kWokenHere,    // one that was woken on the processor, or will be by a timer that is due
  kWokenGlobal,  // one that was woken into the global queue
};

struct alignas(64) Processor {
  Processor(std::uint32_t number, bool shared, FiberDepot& depot)
      : index(number), queue(shared), started(shared), fibers(depot), random(number + 1) {}

  // How many slices may begin before the clock and the global queue are looked at. A prime, so that it does not fall
  // into step with a program that goes round a fixed number of fibers.
  static constexpr std::uint32_t kCheckEvery = 61;

  const std::uint32_t index;
  std::atomic<bool> attention{false};       // timers may be due, or the scheduler stops: look before the next pick
  std::uint32_t until_check = kCheckEvery;  // owner
  std::atomic<std::uint32_t> slices{0};     // time slices begun; written by the owner, watched by the monitor
  std::atomic<Beneficiary> request_for{Beneficiary::kAnyone};
  std::atomic<FiberBlock*> next{nullptr};  // runs before the queue and inherits the slice; put by the owner, thieves
                                           // may take it
  std::atomic<Worker*> worker{nullptr};  // the owner; while idle, the one who sleeps with it; null before its first use
  RunQueue queue;
  StartQueue started;
  TimerQueue timers;
  FiberCache fibers;    // owner
  base::Random random;  // owner
  ProcessorCounters counters;
  std::uint64_t uses_at_age = 0;  // of its cache; the monitor's
  bool sole = false;              // the only one, and others can have it execute a barrier; see local_lock.hpp
  std::atomic<detail::LocalLock*> private_lock{nullptr};  // that its worker holds; written by the owner
  std::atomic<bool> idle{true};                           // written under Scheduler::lock_
  Processor* idle_link = nullptr;                         // guarded by Scheduler::lock_

  FiberBlock* take_next() {
    FiberBlock* fiber = next.load(std::memory_order_relaxed);
    if (!fiber) return nullptr;
    if (queue.shared()) return next.exchange(nullptr, std::memory_order_acquire);
    next.store(nullptr, std::memory_order_relaxed);
    return fiber;
  }

  /// Returns the fiber that was there before.
  FiberBlock* put_next(FiberBlock* fiber) {
    if (queue.shared()) return next.exchange(fiber, std::memory_order_seq_cst);  // seq_cst: see Scheduler::wake_one
    FiberBlock* before = next.load(std::memory_order_relaxed);
    next.store(fiber, std::memory_order_relaxed);
    return before;
  }

  void begin_slice() { slices.store(slices.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed); }

  /// The owner is about to start a fiber.
  void note_start() {
    counters.wakes_at_start.store(counters.wakes.load(std::memory_order_relaxed), std::memory_order_relaxed);
  }

  /// Was the fiber in `next` woken, and not merely started? A guess.
  bool next_was_woken() const {
    return next.load(std::memory_order_relaxed) != nullptr &&
           counters.wakes.load(std::memory_order_relaxed) != counters.wakes_at_start.load(std::memory_order_relaxed);
  }

  bool has_ready() const {
    return next.load(std::memory_order_seq_cst) != nullptr || queue.size() != 0 || started.size() != 0;
  }

  /// Fibers that wait for it; a guess.
  std::uint32_t waiting() const {
    return queue.size() + started.size() + (next.load(std::memory_order_relaxed) ? 1 : 0);
  }
};

}  // namespace heddle::sched
