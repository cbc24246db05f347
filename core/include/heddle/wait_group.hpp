// WaitGroup: waiting until a number of things are done.
#pragma once

#include <heddle/api.hpp>
#include <heddle/detail/wait_list.hpp>

#include <atomic>
#include <cstdint>

namespace heddle {

/// A counter that can be waited for. add() before the work starts, done() when it ends, wait() until the count is zero.
/// Usable again after that. All of it works from fibers and from ordinary threads; a thread that waits is blocked.
class HEDDLE_API WaitGroup {
 public:
  explicit constexpr WaitGroup(std::int64_t count = 0) noexcept : count_(count) {}
  WaitGroup(const WaitGroup&) = delete;
  WaitGroup& operator=(const WaitGroup&) = delete;

  /// Ends the process with a message when the count would become negative.
  void add(std::int64_t count = 1) noexcept;
  void done() noexcept { add(-1); }

  /// Returns once the count is zero. The WaitGroup may be destroyed as soon as wait() has returned everywhere.
  void wait();

 private:
  std::atomic<std::int64_t> count_;
  detail::WaitList waiters_;
};

}  // namespace heddle
