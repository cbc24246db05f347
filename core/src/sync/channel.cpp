// ChannelCore: one lock guards the ring and both lists. It is held, and the fiber is in the core, while elements are moved, which is code of
// the program: so it is not preempted there. At most one of the lists is not empty: senders wait only while
// the ring is full, receivers only while it is empty. An element goes from the sender straight to a receiver that
// waits, without the ring.
#include "base/fatal.hpp"
#include "sched/scheduler.hpp"
#include "sched/waiting.hpp"

#include <heddle/channel.hpp>

#include <new>
#include <stdexcept>
#include <string>

namespace heddle::detail {

namespace {

std::byte* make_ring(const ElementType& type, std::size_t capacity) {
  if (capacity == 0) return nullptr;
  if (capacity > static_cast<std::size_t>(-1) / 2 / type.size)
    throw std::length_error("heddle::Channel: a capacity of " + std::to_string(capacity) +
                            " elements is more than memory can hold");
  return static_cast<std::byte*>(::operator new(capacity* type.size, std::align_val_t(type.align)));
}

}  // namespace

ChannelCore::ChannelCore(const ElementType& type, std::size_t capacity)
    : type_(type), capacity_(capacity), ring_(make_ring(type, capacity)) {}

ChannelCore::~ChannelCore() {
  // After run() a waiter is a fiber that was left behind, and is gone.
  const bool waited_for = senders_.first || receivers_.first;
  base::check(!waited_for || !sched::Scheduler::running(), "heddle::Channel: destroyed while somebody waits for it");
  if (type_.destroy) {
    for (std::size_t index = 0; index < count_; ++index) type_.destroy(slot(head_ + index));
  }
  if (ring_) ::operator delete(ring_, std::align_val_t(type_.align));
}

bool ChannelCore::send(void* element) {
  sched::WaitEntry entry;
  sched::LocalGuard guard(entry.worker(), lock_);
  sched::Waiter* receiver = nullptr;
  const Outcome outcome = send_locked(element, receiver);
  if (outcome != Outcome::kWouldBlock) {
    guard.release();
    if (receiver) sched::wake(entry.worker(), *receiver);
    return outcome == Outcome::kDone;
  }
  sched::Waiter waiter(entry.worker(), "room in channel", this);
  waiter.element = element;
  sched::append(senders_, waiter);
  sched::wait(entry, waiter, guard);
  return waiter.element == nullptr;  // who took the element says so
}

bool ChannelCore::try_send(void* element) noexcept {
  const sched::CoreSection section(sched::current_worker());
  sched::LocalGuard guard(section.worker(), lock_);
  sched::Waiter* receiver = nullptr;
  const Outcome outcome = send_locked(element, receiver);
  guard.release();
  if (receiver) sched::wake(section.worker(), *receiver);
  return outcome == Outcome::kDone;
}

bool ChannelCore::receive(void* to) {
  sched::WaitEntry entry;
  sched::LocalGuard guard(entry.worker(), lock_);
  sched::Waiter* sender = nullptr;
  const Outcome outcome = receive_locked(to, sender);
  if (outcome != Outcome::kWouldBlock) {
    guard.release();
    if (sender) sched::wake(entry.worker(), *sender);
    return outcome == Outcome::kDone;
  }
  sched::Waiter waiter(entry.worker(), "a value from channel", this);
  waiter.element = to;
  sched::append(receivers_, waiter);
  sched::wait(entry, waiter, guard);
  return waiter.element == nullptr;
}

bool ChannelCore::try_receive(void* to) noexcept {
  const sched::CoreSection section(sched::current_worker());
  sched::LocalGuard guard(section.worker(), lock_);
  sched::Waiter* sender = nullptr;
  const Outcome outcome = receive_locked(to, sender);
  guard.release();
  if (sender) sched::wake(section.worker(), *sender);
  return outcome == Outcome::kDone;
}

ChannelCore::Outcome ChannelCore::send_locked(void* element, sched::Waiter*& receiver) {
  if (closed_) return Outcome::kClosed;
  receiver = sched::take_first(receivers_);
  if (receiver) {
    type_.move(receiver->element, element);
    receiver->element = nullptr;
    return Outcome::kDone;
  }
  if (count_ == capacity_) return Outcome::kWouldBlock;
  type_.move(slot(head_ + count_), element);
  ++count_;
  return Outcome::kDone;
}

ChannelCore::Outcome ChannelCore::receive_locked(void* to, sched::Waiter*& sender) {
  if (count_ > 0) {
    void* oldest = slot(head_);
    type_.move(to, oldest);
    if (type_.destroy) type_.destroy(oldest);
    head_ = head_ + 1 == capacity_ ? 0 : head_ + 1;
    --count_;
    sender = sched::take_first(senders_);
    if (sender) {  // its element takes the place that became free
      type_.move(slot(head_ + count_), sender->element);
      sender->element = nullptr;
      ++count_;
    }
    return Outcome::kDone;
  }
  sender = sched::take_first(senders_);
  if (sender) {
    type_.move(to, sender->element);
    sender->element = nullptr;
    return Outcome::kDone;
  }
  return closed_ ? Outcome::kClosed : Outcome::kWouldBlock;
}

void ChannelCore::close() noexcept {
  const sched::CoreSection section(sched::current_worker());
  sched::LocalGuard guard(section.worker(), lock_);
  closed_ = true;
  // Those that wait go away empty-handed: receivers since nothing comes any more, senders since nothing is taken any
  // more.
  sched::Waiter* senders = sched::take_all(senders_);
  sched::Waiter* receivers = sched::take_all(receivers_);
  guard.release();
  sched::wake_all(senders);
  sched::wake_all(receivers);
}

bool ChannelCore::is_closed() const noexcept {
  const sched::CoreSection section(sched::current_worker());
  const sched::LocalGuard guard(section.worker(), lock_);
  return closed_;
}

std::size_t ChannelCore::size() const noexcept {
  const sched::CoreSection section(sched::current_worker());
  const sched::LocalGuard guard(section.worker(), lock_);
  return count_;
}

void* ChannelCore::slot(std::size_t index) const noexcept {
  return ring_ + (index < capacity_ ? index : index - capacity_) * type_.size;
}

}  // namespace heddle::detail
