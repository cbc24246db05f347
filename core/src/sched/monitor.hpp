// Monitor: a thread without a processor that ends slices, and sees to timers that a busy processor would miss.
//
// It sleeps while every processor is idle (their workers wait for their own timers). Otherwise it wakes twice a
// quantum, or when the earliest timer of a busy processor is due. A slice that is as old as the quantum is ended if
// somebody waits; one as old as wakeup_slice when a timer of its processor is due. With strategy `none` a slice
// that is to end does so at the fiber's next switch.
#pragma once

#include "base/parker.hpp"
#include "sched/deadlock.hpp"

#include <heddle/clock.hpp>

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace heddle::sched {

class Scheduler;
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

  /// A busy processor has a timer that is due at `when`.
  void expect(std::int64_t when) noexcept {
    if (when < wakes_at_.load(std::memory_order_relaxed)) wake();
  }

  /// Looks at everything now.
  void wake() noexcept { parker_.unpark(); }

 private:
  // What it remembers of a processor.
  struct Watch {
    std::uint32_t slice = 0;
    std::int64_t since = 0;         // when that slice was first seen
    std::int64_t next_request = 0;  // earliest time to repeat a request that was not met
    std::int64_t patience = 0;      // between repeats; doubles up to the quantum
  };

  void loop();
  void sleep(std::int64_t now, std::int64_t until);
  void trace(std::int64_t now);
  std::int64_t look(Processor& processor, Watch& watch, std::int64_t now);
  bool all_idle() const;
  void end_all();

  Scheduler& scheduler_;
  const std::int64_t quantum_;
  const std::int64_t wakeup_slice_;
  const std::int64_t trace_every_;  // 0: never
  DeadlockWatch deadlock_;
  base::Parker parker_;
  std::atomic<bool> asleep_{false};  // until a processor becomes busy
  std::atomic<std::int64_t> wakes_at_{detail::kNever};
  std::atomic<bool> ended_{false};
  // The thread's own.
  std::vector<Watch> watches_;  // by processor
  std::int64_t started_ = 0;
  std::int64_t next_trace_ = detail::kNever;
  std::thread thread_;
};

}  // namespace heddle::sched
