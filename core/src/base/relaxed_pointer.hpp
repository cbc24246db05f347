// RelaxedPointer: a pointer that one thread at a time writes and others may look at. Plain loads and stores to the machine, no data
// race to the language; whoever must see what it points to needs an order of his own.
#pragma once

#include <atomic>

namespace heddle::base {

template <class T>
class RelaxedPointer {
 public:
  operator T*() const noexcept { return value_.load(std::memory_order_relaxed); }  // NOLINT: reads as the pointer it is
  T* operator->() const noexcept { return *this; }
  T& operator*() const noexcept { return *static_cast<T*>(*this); }
  RelaxedPointer& operator=(T* value) noexcept {
    value_.store(value, std::memory_order_relaxed);
    return *this;
  }

 private:
  std::atomic<T*> value_{nullptr};
};

}  // namespace heddle::base
