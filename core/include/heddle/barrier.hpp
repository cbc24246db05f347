// Barrier: a number of participants that wait for each other, again and again.
#pragma once

#include <heddle/api.hpp>
#include <heddle/detail/wait_list.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>

namespace heddle {

namespace detail {

/// A barrier whose completion function is called by its user.
class HEDDLE_API BarrierCore {
 public:
  explicit constexpr BarrierCore(std::ptrdiff_t expected) noexcept : expected_(expected), missing_(expected) {}
  BarrierCore(const BarrierCore&) = delete;
  BarrierCore& operator=(const BarrierCore&) = delete;

  /// True if nobody is missing any more: then the caller calls end_phase().
  bool arrive(std::ptrdiff_t count, bool drop, std::uint64_t& phase) noexcept;
  void end_phase() noexcept;
  void wait(std::uint64_t phase);

 private:
  WaitList waiters_;  // its lock guards the rest; all wait for the same phase
  std::ptrdiff_t expected_;
  std::ptrdiff_t missing_;
  std::uint64_t phase_ = 0;
};

struct NoCompletion {
  void operator()() const noexcept {}
};

}  // namespace detail

/// As std::barrier, for fibers and threads together; a fiber that waits is parked, a thread is blocked.
///
/// `completion` is called by whoever arrives last, before anybody goes on; it may wait, but not for the barrier. The
/// barrier may be destroyed as soon as every wait of the last phase has returned.
template <class Completion = detail::NoCompletion>
class Barrier {
  static_assert(std::is_nothrow_invocable_v<Completion&>,
                "heddle::Barrier: the completion function takes no arguments and is noexcept");

 public:
  /// The phase that an arrival belongs to.
  class arrival_token {  // NOLINT: std::barrier's name
   public:
    arrival_token(arrival_token&&) noexcept = default;
    arrival_token& operator=(arrival_token&&) noexcept = default;

   private:
    friend Barrier;
    explicit arrival_token(std::uint64_t phase) noexcept : phase_(phase) {}
    std::uint64_t phase_;
  };

  /// REQUIRES: 0 <= expected <= max().
  explicit constexpr Barrier(std::ptrdiff_t expected, Completion completion = Completion())
      : core_(expected), completion_(std::move(completion)) {}

  static constexpr std::ptrdiff_t max() noexcept { return std::numeric_limits<std::ptrdiff_t>::max(); }

  /// Never waits. Ends the process with a message when more arrive than are missing.
  [[nodiscard]] arrival_token arrive(std::ptrdiff_t count = 1) { return arrival_token(arrive(count, false)); }

  /// Returns when the phase of the token has ended.
  void wait(arrival_token&& arrival) const { core_.wait(arrival.phase_); }

  void arrive_and_wait() { wait(arrive()); }

  /// Arrives for this phase and takes no part in those that follow.
  void arrive_and_drop() { arrive(1, true); }

 private:
  std::uint64_t arrive(std::ptrdiff_t count, bool drop) {
    std::uint64_t phase = 0;
    if (core_.arrive(count, drop, phase)) {
      completion_();
      core_.end_phase();
    }
    return phase;
  }

  mutable detail::BarrierCore core_;
  Completion completion_;
};

}  // namespace heddle
