// How a wait learns that a std::stop_token's stop has been requested.
//
// Stop callbacks are registered, run and removed under a spin lock of the standard library. So that happens in these
// headers, in the program's code, where a fiber that holds the lock or spins for it can be preempted; in the core it could not,
// and a spinning fiber would keep the one that it waits for from its processor.
#pragma once

#include <heddle/api.hpp>
#include <heddle/detail/wait_list.hpp>

#include <atomic>
#include <cstdint>
#include <optional>
#include <stop_token>

namespace heddle::detail {

/// While one lives, the fiber stays on its thread: preemption that might move it waits. std::stop_callback and
/// std::stop_source::request_stop compare thread ids.
class HEDDLE_API StayOnThread {
 public:
  StayOnThread() noexcept;
  ~StayOnThread();
  StayOnThread(const StayOnThread&) = delete;
  StayOnThread& operator=(const StayOnThread&) = delete;

 private:
  bool no_preempt_ = false;
};

/// Goes up once, and wakes those in its list.
struct HEDDLE_API StopFlag {
  void raise() noexcept;  ///< whoever has seen the flag raised may destroy it
  void wait();

  WaitList waiters;
  bool raised = false;  // guarded by waiters.lock
};

/// Calls target.raise() when a token's stop is requested, which may be during the constructor. The token must live as
/// long.
///
/// ~stop_callback blocks its thread while the callback runs. Here the thread has fibers to run, perhaps the very one that
/// was preempted on its way out of the callback. So the callback removes itself, which is allowed, before anybody is woken; and
/// one that is on its way, because a stop has been requested, is waited for as one waits for anything else.
template <class Target>
class StopWatch {
 public:
  StopWatch(const std::stop_token& token, Target& target) : token_(token), target_(target) {
    const StayOnThread here;
    callback_.emplace(token, Fire{*this});
    State arming = State::kArming;
    if (!state_.compare_exchange_strong(arming, State::kArmed)) state_.store(State::kOurs);
  }
  ~StopWatch() {
    const StayOnThread here;
    State armed = State::kArmed;
    if (!token_.stop_requested()) state_.compare_exchange_strong(armed, State::kOurs);
    if (state_.load() == State::kOurs) {
      callback_.reset();
    } else {
      gone_.wait();
    }
  }
  StopWatch(const StopWatch&) = delete;
  StopWatch& operator=(const StopWatch&) = delete;

 private:
  enum class State : std::uint8_t {
    kArming,  // in the constructor
    kArmed,   // the callback, when it runs, removes itself
    kFired,   // it has begun to
    kOurs,    // the destructor removes it: it began during the constructor, or has not begun by now
  };

  struct Fire {
    StopWatch& watch;
    void operator()() const noexcept { watch.fire(); }
  };

  void fire() noexcept {
    State before = state_.load();
    do {
      if (before == State::kOurs) return;  // and the destructor waits until we have
    } while (!state_.compare_exchange_weak(before, State::kFired));
    if (before == State::kArmed) callback_.reset();
    target_.raise();
    if (before == State::kArmed) gone_.raise();
  }

  const std::stop_token& token_;
  Target& target_;
  std::atomic<State> state_{State::kArming};
  StopFlag gone_;
  std::optional<std::stop_callback<Fire>> callback_;
};

/// Takes one waiter out of a list that is others' too. Its fields are guarded by the list's lock.
struct HEDDLE_API StopOfOne {
  void raise() noexcept;

  WaitList& list;
  sched::Waiter* waiter = nullptr;  // null while it does not wait
  bool raised = false;
};

}  // namespace heddle::detail
