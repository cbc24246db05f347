#include "sched/stops.hpp"

#include "base/fatal.hpp"
#include "base/parker.hpp"
#include "sched/census.hpp"
#include "sched/scheduler.hpp"
#include "sched/switch.hpp"
#include "sched/switch_inline.hpp"

#include <heddle/this_fiber.hpp>

#include <algorithm>
#include <chrono>

namespace heddle::sched {

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// Between requests to those that do not stand still yet; doubles up to the second.
constexpr std::chrono::microseconds kFirstWait{100};
constexpr std::chrono::microseconds kLongestWait{10'000};

}  // namespace

bool Stops::interrupts(Worker& worker) noexcept {
  if (!asked() || owner_fiber_.load(std::memory_order_relaxed) == worker.current()) return false;
  std::lock_guard lock(lock_);
  stands_[worker.processor->index].fiber = worker.current();
  return true;
}

void Stops::hold(Worker& worker) noexcept {
  if (!asked()) return;
  Lock lock(lock_);
  Stand& stand = stands_[worker.processor->index];
  if (owner_worker_ == &worker) {
    lock.unlock();  // the last report wants it
    base::fatal("a fiber waits while it has the world stopped (heddle::StoppedWorld): nobody could wake it");
  }
  if (worker.kept) stand.fiber = worker.kept;
  while (asked_.load(std::memory_order_relaxed) && !scheduler_.stopping()) {
    if (!stand.held) changed_.notify_all();
    stand.held = true;
    lock.unlock();
    worker.parker.park();
    lock.lock();
  }
  stand = {};
}

void Stops::leave_foreign(Worker& worker) noexcept {
  Lock lock(lock_);
  changed_.wait(lock, [this] { return !asked_.load(std::memory_order_relaxed) || scheduler_.stopping(); });
  worker.leave_foreign();
}

bool Stops::set_aside(FiberBlock& fiber) noexcept {
  if (records_count_.load(std::memory_order_relaxed) == 0 && fiber.pinned != kDiverted) return false;
  std::lock_guard lock(lock_);
  if (Record* record = find(fiber.number)) {
    record->aside = &fiber;
    return true;
  }
  if (fiber.pinned == kDiverted) fiber.pinned = nullptr;
  return false;
}

bool Stops::includes(const FiberBlock& fiber) noexcept {
  if (records_count_.load(std::memory_order_relaxed) == 0) return false;
  std::lock_guard lock(lock_);
  return find(fiber.number) != nullptr;
}

Stops::Outcome Stops::stop_world(Worker* worker, std::int64_t limit_ns) {
  for (;;) {
    Outcome outcome;
    if (worker) enter_with_processor(*worker);  // while the world stands there is none to be had
    const bool done = try_to_stop(worker, limit_ns, outcome);
    if (worker) leave_core(*worker);
    if (done) return outcome;
    if (!worker) continue;
    yield(*worker);  // stands still with the others until the world goes on; does not come back when the scheduler ends
    worker = current_worker();
  }
}

bool Stops::try_to_stop(Worker* worker, std::int64_t limit_ns, Outcome& outcome) {
  Lock lock(lock_);
  outcome = Outcome::kStopped;
  if (taken_ && is_mine(worker)) {
    ++depth_;
    return true;
  }
  if (!taken_ && !scheduler_.stopping()) {
    take_turn(worker);
    if (wait_until_all_stand(lock, worker, limit_ns)) return true;
    outcome = Outcome::kPartly;
    if (!scheduler_.stopping()) return true;
    give_turn();
  }
  if (worker) return false;
  outcome = Outcome::kEnding;
  if (scheduler_.stopping()) return true;
  changed_.wait_for(lock, kLongestWait);
  return false;
}

bool Stops::stop_world_for_good(const Worker* dying, std::int64_t limit_ns) {
  Lock lock(lock_);
  for_good_ = true;
  taken_ = true;
  owner_worker_ = nullptr;
  owner_fiber_.store(nullptr, std::memory_order_relaxed);
  ask_all();
  return wait_until_all_stand(lock, dying, limit_ns);
}

void Stops::start_world() noexcept {
  std::lock_guard lock(lock_);
  if (!for_good_ && --depth_ == 0) give_turn();
}

void Stops::give_turn() {
  asked_.store(false, std::memory_order_seq_cst);
  taken_ = false;
  owner_fiber_.store(nullptr, std::memory_order_relaxed);
  owner_worker_ = nullptr;
  owner_thread_ = {};
  for (const auto& processor : scheduler_.processors())
    if (stands_[processor->index].held) processor->worker.load(std::memory_order_relaxed)->parker.unpark_lasting();
  changed_.notify_all();
}

bool Stops::was_running(const FiberBlock& fiber) noexcept {
  std::lock_guard lock(lock_);
  return std::any_of(stands_.begin(), stands_.end(), [&](const Stand& stand) { return stand.fiber == &fiber; });
}

bool Stops::stop_fiber(Worker* worker, std::uint64_t number) {
  bool counted = false;
  for (;;) {
    if (stop_world(worker) == Outcome::kEnding) return false;
    FiberBlock* fiber = find_fiber(scheduler_.stacks(), number);
    {
      std::lock_guard lock(lock_);
      if (fiber && !std::exchange(counted, true)) {
        if (Record* record = find(number))
          ++record->count;
        else
          records_.push_back({number, 1, nullptr});
        records_count_.store(static_cast<std::uint32_t>(records_.size()), std::memory_order_relaxed);
      }
    }
    const bool stands = fiber && mark(*fiber);
    start_world();
    if (!fiber && counted) start_fiber(number);
    if (!fiber || stands) return fiber != nullptr;
    // Preempted, and its worker is yet to find another one to leave its processor to.
    if (worker) {
      yield(*worker);
      worker = current_worker();
    } else {
      base::nap(1ms);
    }
  }
}

void Stops::start_fiber(std::uint64_t number) noexcept {
  FiberBlock* fiber = nullptr;
  {
    std::lock_guard lock(lock_);
    Record* record = find(number);
    if (!record || --record->count != 0) return;
    fiber = record->aside;
    records_.erase(records_.begin() + (record - records_.data()));
    records_count_.store(static_cast<std::uint32_t>(records_.size()), std::memory_order_relaxed);
  }
  if (!fiber) return;
  if (fiber->pinned == kDiverted) fiber->pinned = nullptr;
  scheduler_.push_global(*fiber);
  if (scheduler_.has_idle_processor()) scheduler_.wake_one();
}

void Stops::take_turn(Worker* worker) {
  world_stops_.fetch_add(1, std::memory_order_relaxed);
  taken_ = true;
  depth_ = 1;
  owner_fiber_.store(worker ? worker->current() : nullptr, std::memory_order_relaxed);
  owner_worker_ = worker;
  owner_thread_ = worker ? std::thread::id() : std::this_thread::get_id();
  ask_all();
}

bool Stops::is_mine(const Worker* worker) const {
  if (worker) return owner_fiber_.load(std::memory_order_relaxed) == worker->current();
  return owner_thread_ == std::this_thread::get_id();
}

void Stops::ask_all() {
  stands_.resize(scheduler_.processors().size());
  for (Stand& stand : stands_) stand.seen.asked = false;
  for (Seen& seen : seen_adrift_) seen.asked = false;
  asked_.store(true, std::memory_order_seq_cst);
  for (const auto& processor : scheduler_.processors()) processor->attention.store(true, std::memory_order_seq_cst);
  scheduler_.for_each_worker([](const Worker&) {});  // who took an idle processor before he could see that has done so now: adopt_idle
}

bool Stops::all_stand(const Worker* exempt, bool press) {
  bool all = true;
  for (const auto& processor : scheduler_.processors()) {
    if (processor->idle.load(std::memory_order_seq_cst) || stands_[processor->index].held) continue;
    Worker* const worker = processor->worker.load(std::memory_order_acquire);
    if (worker && worker == exempt) continue;
    if (worker && for_good_ && worker->in_foreign()) continue;
    all = false;
    if (press && worker) this->press(*processor, *worker);
  }
  return all_adrift_stand(exempt) && all;
}

bool Stops::all_adrift_stand(const Worker* exempt) {
  if (scheduler_.adrift() == 0) return true;
  bool all = true;
  std::size_t index = 0;
  scheduler_.for_each_worker([&](Worker& worker) {
    if (seen_adrift_.size() == index) seen_adrift_.push_back({});
    Seen& seen = seen_adrift_[index++];
    // In foreign code, and in the core, where it waits for a processor and gets none, it stands.
    if (worker.in_foreign()) return;
    if (!worker.taken.load(std::memory_order_acquire) || worker.in_core.load(std::memory_order_acquire) || &worker == exempt)
      return;
    const bool seen_before = seen.used != 0;
    const HeddleThreadWatch* threads = scheduler_.interfaces().thread_watch;
    if (threads && threads->waits(&worker, &seen.used) == 1) return;
    if (seen_before) ask(worker, seen);
    all = false;
  });
  return all;
}

void Stops::press(Processor& processor, Worker& worker) {
  // Whoever gets the processor of a thread that blocks finds nothing to do but to stand still with it.
  Seen& seen = stands_[processor.index].seen;
  const HeddleThreadWatch* threads = scheduler_.interfaces().thread_watch;
  const bool blocks = worker.in_foreign() ||
                      (threads && worker.bound.load(std::memory_order_acquire) && threads->waits(&worker, &seen.used) == 1);
  if (!blocks || for_good_ || !scheduler_.rescue(processor, worker)) ask(worker, seen);
}

void Stops::ask(Worker& worker, Seen& seen) {
  // At every second look: the request wakes a thread that waits, which has run at the next look then, but not at the one after that.
  seen.asked = !seen.asked;
  if (seen.asked) scheduler_.request_preemption(worker);
}

bool Stops::wait_until_all_stand(Lock& lock, const Worker* exempt, std::int64_t limit_ns) {
  const Clock::time_point begin = Clock::now();
  auto pause = kFirstWait;
  Clock::time_point next_press = begin;
  for (;;) {
    const Clock::time_point now = Clock::now();
    const bool press = now >= next_press;
    if (all_stand(exempt, press)) return true;
    if ((scheduler_.stopping() && !for_good_) || (now - begin).count() >= limit_ns) return false;
    if (press) {
      next_press = now + pause;
      pause = std::min(2 * pause, kLongestWait);
    }
    changed_.wait_until(lock, next_press);
  }
}

Stops::Record* Stops::find(std::uint64_t number) {
  const auto found = std::find_if(records_.begin(), records_.end(),
                                  [=](const Record& record) { return record.number == number; });
  return found == records_.end() ? nullptr : &*found;
}

bool Stops::mark(FiberBlock& fiber) {
  if (!fiber.pinned) fiber.pinned = kDiverted;
  bool kept = false;
  scheduler_.for_each_worker([&](const Worker& worker) { kept = kept || worker.kept == &fiber; });
  return !kept;
}

}  // namespace heddle::sched
