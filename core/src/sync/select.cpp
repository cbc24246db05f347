// Selection: one who waits in the lists of several channels at once.
//
// All locks that the cases need are taken, in the order of their addresses, so two selections cannot wait for each
// other. Under them it is seen whether a case can happen at once; if none can, a Waiter for each goes into its list, all
// of which share one `claimed`: who takes one out of a list, or the timer, must claim the whole selection first, so
// exactly one does. The one who was woken takes his other waiters out again, a lock at a time.
#include "base/parker.hpp"
#include "base/random.hpp"
#include "sched/scheduler.hpp"
#include "sched/switch.hpp"
#include "sched/waiting.hpp"

#include <heddle/select.hpp>

#include <algorithm>
#include <atomic>
#include <functional>
#include <new>
#include <utility>

namespace heddle::detail {

namespace {

static_assert(sizeof(sched::Waiter) <= sizeof(SelectCase::waiter), "SelectCase::kWaiterWords is too small");
static_assert(alignof(sched::Waiter) <= alignof(void*));

sched::Waiter& waiter_of(SelectCase& one) {
  return *std::launder(reinterpret_cast<sched::Waiter*>(one.waiter.data()));
}

std::uint32_t random_bits(sched::Worker* worker) {
  if (worker && worker->processor) return worker->processor->random.next();
  static std::atomic<std::uint64_t> seed{0};
  return base::Random(seed.fetch_add(1, std::memory_order_relaxed)).next();
}

}  // namespace

class Selection {
 public:
  Selection(SelectCase* const* cases, SelectCase** room, std::size_t count);
  ~Selection();

  std::size_t choose();

 private:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  /// Wakes the selection when its time is up.
  struct Expiry : sched::Timer {
    sched::Waiter* whole = nullptr;

    static void expire(sched::Timer& timer) {
      sched::Waiter& whole = *static_cast<Expiry&>(timer).whole;
      if (sched::claim(whole)) sched::wake_in_turn(whole);
    }
  };

  static SpinLock* lock_of(const SelectCase& one);
  static WaitList& list_of(const SelectCase& one);
  static bool leave(sched::Worker& worker, sched::FiberBlock& parked, void* self);

  bool ends_group(std::size_t place) const;
  void lock_all();
  void unlock_all();
  void shuffle();
  bool happens(SelectCase& one, sched::Waiter*& partner);
  std::size_t poll(sched::Waiter*& partner);
  void enlist();
  void block();
  void block_thread();
  std::size_t outcome();
  void unlist_others(const SelectCase* winner);

  SelectCase* const* const cases_;
  SelectCase** const by_chance_;  // all
  SelectCase** const by_lock_;    // those that have one
  const std::size_t count_;
  std::size_t locked_ = 0;  // how many those are
  std::int64_t now_ = 0;
  SelectCase* first_due_ = nullptr;  // of the cases that wait for a time
  SelectCase* otherwise_ = nullptr;
  sched::Worker* const worker_;  // where it began
  sched::Waiter whole_;
  Expiry expiry_;
};

Selection::Selection(SelectCase* const* cases, SelectCase** room, std::size_t count)
    : cases_(cases), by_chance_(room), by_lock_(room + count), count_(count), worker_(sched::current_worker()), whole_(worker_) {
  // As in a channel: elements are moved under the locks, and a move is code of the program.
  if (whole_.fiber) ++whole_.fiber->no_preempt;
  for (std::size_t index = 0; index < count_; ++index) {
    SelectCase* const one = cases_[index];
    one->index = static_cast<std::uint32_t>(index);
    by_chance_[index] = one;
    if (lock_of(*one)) by_lock_[locked_++] = one;
    if (one->kind == SelectCase::Kind::kOtherwise) otherwise_ = one;
    if (one->deadline != kNever && (!first_due_ || one->deadline < first_due_->deadline)) first_due_ = one;
  }
  std::sort(by_lock_, by_lock_ + locked_,
            [](const SelectCase* a, const SelectCase* b) { return std::less<>()(lock_of(*a), lock_of(*b)); });
  if (first_due_) now_ = nanotime();
}

Selection::~Selection() {
  if (whole_.fiber) --whole_.fiber->no_preempt;
}

SpinLock* Selection::lock_of(const SelectCase& one) {
  if (one.channel) return &one.channel->lock_;
  return one.flag ? &one.flag->waiters.lock : nullptr;
}

WaitList& Selection::list_of(const SelectCase& one) {
  if (one.flag) return one.flag->waiters;
  return one.kind == SelectCase::Kind::kSend ? one.channel->senders_ : one.channel->receivers_;
}

/// Is the case at this place the last one that has its lock?
bool Selection::ends_group(std::size_t place) const {
  return place + 1 == locked_ || lock_of(*by_lock_[place]) != lock_of(*by_lock_[place + 1]);
}

void Selection::lock_all() {
  for (std::size_t place = 0; place < locked_; ++place) {
    if (ends_group(place)) lock_of(*by_lock_[place])->lock();
  }
}

/// Touches nothing of the selection after the last lock, which unlist_others needs: a fiber that was woken meanwhile
/// does not leave before.
void Selection::unlock_all() {
  for (std::size_t left = locked_; left > 0;) {
    SpinLock* const lock = lock_of(*by_lock_[--left]);
    while (left > 0 && lock_of(*by_lock_[left - 1]) == lock) --left;
    lock->unlock();
  }
}

void Selection::shuffle() {
  for (std::size_t left = count_; left > 1; --left)
    std::swap(by_chance_[left - 1], by_chance_[random_bits(worker_) % left]);
}

/// Does this case happen now? `partner` is then to be woken, if it is not null.
bool Selection::happens(SelectCase& one, sched::Waiter*& partner) {
  switch (one.kind) {
    case SelectCase::Kind::kReceive:
    case SelectCase::Kind::kSend: {
      const bool sends = one.kind == SelectCase::Kind::kSend;
      const ChannelCore::Outcome outcome = sends ? one.channel->send_locked(one.element, partner)
                                                 : one.channel->receive_locked(one.element, partner);
      one.closed = outcome == ChannelCore::Outcome::kClosed;
      return outcome != ChannelCore::Outcome::kWouldBlock;
    }
    case SelectCase::Kind::kTime:
      return one.deadline != kNever && one.deadline <= now_;
    case SelectCase::Kind::kStop:
      return one.flag->raised;
    case SelectCase::Kind::kOtherwise:
      break;
  }
  return false;
}

std::size_t Selection::poll(sched::Waiter*& partner) {
  shuffle();
  for (std::size_t place = 0; place < count_; ++place) {
    if (happens(*by_chance_[place], partner)) return by_chance_[place]->index;
  }
  return otherwise_ ? otherwise_->index : kNone;
}

std::size_t Selection::choose() {
  lock_all();
  sched::Waiter* partner = nullptr;
  const std::size_t chosen = poll(partner);
  if (chosen != kNone) {
    unlock_all();
    if (partner) sched::wake(*partner);
    return chosen;
  }
  enlist();
  block();
  return outcome();
}

void Selection::enlist() {
  for (std::size_t index = 0; index < count_; ++index) {
    auto* waiter = ::new (cases_[index]->waiter.data()) sched::Waiter(worker_);
    waiter->element = cases_[index]->element;
    waiter->timed = true;
    waiter->whole = &whole_;
  }
  for (std::size_t place = 0; place < locked_; ++place)
    sched::append(list_of(*by_lock_[place]), waiter_of(*by_lock_[place]));
}

void Selection::block() {
  if (!whole_.fiber) return block_thread();
  if (first_due_) {
    expiry_.when = first_due_->deadline;
    expiry_.fire = Expiry::expire;
    expiry_.whole = &whole_;
  }
  sched::park(*worker_, leave, this);
  if (first_due_) sched::TimerQueue::cancel(expiry_);
}

/// The commit: the fiber is off its stack, and may be woken.
bool Selection::leave(sched::Worker& worker, sched::FiberBlock&, void* self) {
  auto& selection = *static_cast<Selection*>(self);
  const bool locked = selection.locked_ != 0;  // without a lock it may be gone once the timer can fire
  if (selection.first_due_) sched::start_timer(worker, selection.expiry_);
  if (locked) selection.unlock_all();
  return true;
}

void Selection::block_thread() {
  base::Parker parker;
  for (std::size_t index = 0; index < count_; ++index) waiter_of(*cases_[index]).parker = &parker;
  unlock_all();
  if (!first_due_) return parker.park();
  if (parker.park_for(std::max<std::int64_t>(first_due_->deadline - nanotime(), 0))) return;
  if (!sched::claim(whole_)) parker.park();  // somebody is about to wake us: the parker must last until he has
}

std::size_t Selection::outcome() {
  SelectCase* winner = nullptr;
  for (std::size_t place = 0; place < locked_ && !winner; ++place) {
    if (waiter_of(*by_lock_[place]).done) winner = by_lock_[place];
  }
  unlist_others(winner);
  if (!winner) return first_due_->index;
  winner->closed = winner->channel && waiter_of(*winner).element != nullptr;  // who took or gave it says so
  return winner->index;
}

void Selection::unlist_others(const SelectCase* winner) {
  for (std::size_t place = 0; place < locked_;) {
    const std::size_t first = place;
    while (!ends_group(place)) ++place;
    ++place;
    if (place == first + 1 && by_lock_[first] == winner) continue;
    SpinLock& lock = *lock_of(*by_lock_[first]);
    lock.lock();
    for (std::size_t index = first; index < place; ++index) {
      sched::Waiter& waiter = waiter_of(*by_lock_[index]);
      if (waiter.listed) sched::unlist(list_of(*by_lock_[index]), waiter);
    }
    lock.unlock();
  }
}

std::size_t choose(SelectCase* const* cases, SelectCase** room, std::size_t count) {
  return Selection(cases, room, count).choose();
}

}  // namespace heddle::detail
