// Whoever leaves last hands the mutex over under the lists' lock, with the state that those who come then need; so it
// is never free while somebody waits, and nobody who is woken has to try again.
#include "base/fatal.hpp"
#include "sched/waiting.hpp"

#include <heddle/shared_mutex.hpp>

namespace heddle {

void SharedMutex::lock_slow() {
  sched::Worker* worker = sched::current_worker();
  sched::Waiter waiter(worker);
  writers_.lock.lock();
  std::uint32_t state = state_.load(std::memory_order_relaxed);
  for (;;) {
    const std::uint32_t wanted = state == 0 ? kWriter : state | kWaiting;
    if (!state_.compare_exchange_weak(state, wanted, std::memory_order_acquire, std::memory_order_relaxed)) continue;
    if (state != 0) break;  // whoever holds it waits for the lists' lock when he leaves
    writers_.lock.unlock();
    return;
  }
  sched::append(writers_, waiter);
  sched::wait(worker, waiter, writers_.lock);
}

void SharedMutex::lock_shared_slow() {
  sched::Worker* worker = sched::current_worker();
  sched::Waiter waiter(worker);
  writers_.lock.lock();
  std::uint32_t state = state_.load(std::memory_order_relaxed);
  for (;;) {
    const bool queues = state & (kWriter | kWaiting);
    const std::uint32_t wanted = queues ? state | kWaiting : state + kReader;
    if (!state_.compare_exchange_weak(state, wanted, std::memory_order_acquire, std::memory_order_relaxed)) continue;
    if (queues) break;
    writers_.lock.unlock();
    return;
  }
  sched::append(readers_, waiter);
  sched::wait(worker, waiter, writers_.lock);
}

void SharedMutex::unlock_slow() noexcept {
  writers_.lock.lock();
  base::check(state_.load(std::memory_order_relaxed) & kWriter, "heddle::SharedMutex::unlock: no writer holds it");
  std::uint32_t readers = 0;
  sched::Waiter* chain = sched::take_all(readers_);
  for (sched::Waiter* reader = chain; reader; reader = reader->next) ++readers;
  if (!chain) chain = sched::take_first(writers_);
  if (chain && readers == 0) chain->next = nullptr;
  const std::uint32_t holders = readers != 0 ? readers * kReader : kWriter;
  state_.store(holders | (writers_.first ? kWaiting : 0), std::memory_order_release);
  writers_.lock.unlock();
  sched::wake_all(chain);
}

void SharedMutex::unlock_shared_slow(std::uint32_t before) noexcept {
  base::check(before >= kReader, "heddle::SharedMutex::unlock_shared: no reader holds it");
  // Readers wait only behind a writer, so there is one.
  writers_.lock.lock();
  sched::Waiter* writer = sched::take_first(writers_);
  base::check(writer, "heddle::SharedMutex::unlock_shared: no reader holds it");
  const bool others = writers_.first || readers_.first;
  state_.store(kWriter | (others ? kWaiting : 0), std::memory_order_release);
  writers_.lock.unlock();
  sched::wake(*writer);
}

}  // namespace heddle
