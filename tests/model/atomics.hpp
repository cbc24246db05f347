// Stands before every file of a model test (the compiler is told to include it first): from here on `std::atomic`, `std::mutex` and
// `std::condition_variable` are those of the model checker. So what is checked is the core's own code, unchanged, and the core need not
// know of the checker. The names are macros, for which all headers of the standard library and others' must come before.
//
// Rejected: a template parameter for the kind of atomic, which would make templates of the whole scheduler.
#pragma once

#include "model/machine.hpp"

#include <gtest/gtest.h>

#include <cxxabi.h>
#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <boost/heap/d_ary_heap.hpp>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <functional>
#include <iostream>
#include <limits>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace heddle::model {

/// As std::atomic, of a type of eight bytes at most.
template <class T>
class CheckedAtomic {
  static_assert(sizeof(T) <= sizeof(std::uint64_t) && std::is_trivially_copyable_v<T>);

 public:
  constexpr CheckedAtomic() noexcept : value_{} {}
  constexpr CheckedAtomic(T value) noexcept : value_(value) {}  // implicit, as the standard's
  CheckedAtomic(const CheckedAtomic&) = delete;
  CheckedAtomic& operator=(const CheckedAtomic&) = delete;

  T load(std::memory_order order = std::memory_order_seq_cst) const {
    sync_in();
    return from(model::load(place_, this, latest_, order));
  }
  void store(T value, std::memory_order order = std::memory_order_seq_cst) {
    sync_in();
    model::store(place_, this, latest_, to(value), order);
  }
  T exchange(T value, std::memory_order order = std::memory_order_seq_cst) {
    return update([](std::uint64_t, std::uint64_t operand) { return operand; }, value, order);
  }
  T fetch_add(T value, std::memory_order order = std::memory_order_seq_cst) {
    return update([](std::uint64_t old, std::uint64_t operand) { return to(static_cast<T>(from(old) + from(operand))); },
                  value, order);
  }
  T fetch_sub(T value, std::memory_order order = std::memory_order_seq_cst) {
    return update([](std::uint64_t old, std::uint64_t operand) { return to(static_cast<T>(from(old) - from(operand))); },
                  value, order);
  }
  bool compare_exchange_strong(T& expected, T value, std::memory_order order, std::memory_order failure) {
    sync_in();
    const Change swap{[](std::uint64_t, std::uint64_t operand) { return operand; }, to(value), true, to(expected), failure};
    const auto [old, changed] = model::change(place_, this, latest_, swap, order);
    if (!changed) expected = from(old);
    return changed;
  }
  bool compare_exchange_strong(T& expected, T value, std::memory_order order = std::memory_order_seq_cst) {
    return compare_exchange_strong(expected, value, order, order);
  }
  template <class... Orders>
  bool compare_exchange_weak(T& expected, T value, Orders... orders) {
    return compare_exchange_strong(expected, value, orders...);
  }
  /// Blocks until it is `wanted`, and makes it `value` in the same step.
  void await(T wanted, T value) {
    sync_in();
    model::await(place_, latest_, to(wanted), to(value));
  }
  T operator=(T value) {
    store(value);
    return value;
  }
  operator T() const { return load(); }

 private:
  static std::uint64_t to(T value) {
    std::uint64_t word = 0;
    std::memcpy(&word, &value, sizeof value);
    return word;
  }
  static T from(std::uint64_t word) {
    T value;
    std::memcpy(&value, &word, sizeof value);
    return value;
  }
  /// The constructor must be constexpr, for which it keeps a T.
  void sync_in() const {
    if (!synced_) latest_ = to(value_);
    synced_ = true;
  }
  T update(std::uint64_t (*apply)(std::uint64_t, std::uint64_t), T value, std::memory_order order) {
    sync_in();
    return from(model::change(place_, this, latest_, {apply, to(value), false, 0, order}, order).first);
  }

  const T value_;
  mutable std::uint64_t latest_ = 0;
  mutable Place place_{};
  mutable bool synced_ = false;
};

class CheckedMutex {
 public:
  constexpr CheckedMutex() noexcept = default;
  CheckedMutex(const CheckedMutex&) = delete;
  CheckedMutex& operator=(const CheckedMutex&) = delete;
  void lock() { await(place_, held_, 0, 1); }
  void unlock() { model::store(place_, this, held_, 0, std::memory_order_release); }

 private:
  Place place_{};
  std::uint64_t held_ = 0;
};

/// notify_one wakes all that wait, which a condition variable may do. A wait with a limit may be over at any time.
class CheckedConditionVariable {
 public:
  template <class Predicate>
  void wait(std::unique_lock<CheckedMutex>& lock, Predicate predicate) {
    while (!predicate()) {
      // A step of its own: a notification may come after the question and before the wait.
      const Change nothing{[](std::uint64_t old, std::uint64_t) { return old; }, 0, false, 0, std::memory_order_relaxed};
      const std::uint64_t seen = model::change(place_, this, notified_, nothing, std::memory_order_relaxed).first;
      lock.unlock();
      await_other(place_, notified_, seen);
      lock.lock();
    }
  }
  template <class Duration, class Predicate>
  bool wait_for(std::unique_lock<CheckedMutex>& lock, const Duration&, Predicate predicate) {
    if (predicate()) return true;
    lock.unlock();
    (void)model::load(place_, this, notified_, std::memory_order_relaxed);
    lock.lock();
    return predicate();
  }
  // Without a predicate: in the model no time passes, so it is over at once.
  template <class Duration>
  void wait_for(std::unique_lock<CheckedMutex>& lock, const Duration& duration) {
    wait_for(lock, duration, [] { return false; });
  }
  template <class Time>
  void wait_until(std::unique_lock<CheckedMutex>& lock, const Time& time) {
    wait_for(lock, time);
  }
  void notify_one() { model::store(place_, this, notified_, notified_ + 1, std::memory_order_relaxed); }
  void notify_all() { notify_one(); }

 private:
  Place place_{};
  std::uint64_t notified_ = 0;
};

}  // namespace heddle::model

namespace std {
template <class T>
using model_atomic = heddle::model::CheckedAtomic<T>;
using model_mutex = heddle::model::CheckedMutex;
using model_condition_variable = heddle::model::CheckedConditionVariable;
using heddle::model::fence;
}  // namespace std

#define atomic model_atomic
#define mutex model_mutex
#define condition_variable model_condition_variable
#define atomic_thread_fence fence
