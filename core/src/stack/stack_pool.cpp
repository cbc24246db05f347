#include "stack/stack_pool.hpp"

#include "base/log.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <mutex>
#include <new>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

namespace heddle::stack {

namespace {

constexpr std::size_t kMinSize = 16 * 1024;
constexpr std::size_t kHeapAlignment = 4096;

/// As push_back would, ahead of it.
template <class Vector>
void make_room(Vector& vector, std::size_t count) {
  if (vector.capacity() < count) vector.reserve(std::max(count, 2 * vector.capacity()));
}

}  // namespace

StackPool::StackPool(const HeddleStackMemory* memory, std::size_t default_size, std::size_t max_size, bool guard,
                     std::chrono::nanoseconds release_after)
    : memory_(memory),
      page_(memory ? memory->page_bytes : kHeapAlignment),
      default_size_(std::bit_ceil(std::max(default_size, kMinSize))),
      max_size_(std::max(std::bit_ceil(max_size), default_size_)),
      guard_bytes_(memory && guard ? page_ : 0),
      release_after_(memory ? release_after : kNever) {}

StackPool::~StackPool() {
  for (const Reservation& reservation : reservations_) {
    StackNotes::release(reservation.base, reservation.size * reservation.count);
    if (memory_) {
      memory_->release(reservation.base, reservation.size, reservation.count);
    } else {
      ::operator delete(reservation.base, std::align_val_t(kHeapAlignment));
    }
  }
}

std::size_t StackPool::round(std::size_t size) const {
  if (size == 0) return default_size_;
  if (size > max_size_)
    throw std::invalid_argument("heddle::Fiber: stack_size is " + std::to_string(size) +
                                " bytes, and stack.max_size allows " + std::to_string(max_size_) +
                                "; ask for less or raise stack.max_size in runtime.json");
  return std::bit_ceil(std::max(size, kMinSize));
}

Stack StackPool::allocate(std::size_t size) {
  size = round(size);
  std::lock_guard lock(lock_);
  SizeClass& list = classes_[std::bit_width(size) - 1];
  if (Free* top = list.young ? list.young : list.old) {
    if (list.young) {
      list.young = top->next;
      --list.young_count;
    } else {
      list.old = top->next;
      old_.fetch_sub(1, std::memory_order_relaxed);
    }
    return make(reinterpret_cast<std::byte*>(top) + sizeof(Free) - size, size);
  }
  if (!list.bare.empty()) {
    std::byte* const base = list.bare.back();
    list.bare.pop_back();
    return make(base, size);
  }
  if (list.untouched == 0) reserve_batch(list, size);
  const Stack stack = make(list.next + (list.untouched - 1) * size, size);
  notes_.add(stack.lo, stack.hi);
  --list.untouched;
  return stack;
}

void StackPool::release(const Stack& stack, bool old) noexcept {
  const std::size_t size = static_cast<std::size_t>(stack.hi - stack.base);
  SizeClass& list = classes_[std::bit_width(size) - 1];
  if (release_after_.count() == 0) {
    memory_->discard(stack.lo, static_cast<std::size_t>(stack.hi - stack.lo));
    std::lock_guard lock(lock_);
    list.bare.push_back(stack.base);
    return;
  }
  Free* top = ::new (stack.hi - sizeof(Free)) Free;
  std::lock_guard lock(lock_);
  top->next = std::exchange(old ? list.old : list.young, top);
  if (old) {
    old_.fetch_add(1, std::memory_order_relaxed);
  } else {
    ++list.young_count;
  }
}

void StackPool::age() noexcept {
  std::lock_guard lock(lock_);
  std::size_t added = 0;
  for (SizeClass& list : classes_) {
    if (list.old) continue;  // not given back yet; others join them at the next age
    list.old = std::exchange(list.young, nullptr);
    added += std::exchange(list.young_count, 0);
  }
  old_.fetch_add(added, std::memory_order_relaxed);
}

bool StackPool::has_idle() {
  std::lock_guard lock(lock_);
  return std::any_of(classes_.begin(), classes_.end(), [](const SizeClass& list) { return list.young || list.old; });
}

void StackPool::give_back(std::size_t most) noexcept {
  for (std::size_t index = 0; index < kClasses && has_old(); ++index) {
    while (give_back_some(classes_[index], std::size_t{1} << index, most)) continue;
  }
}

bool StackPool::give_back_some(SizeClass& list, std::size_t size, std::size_t& most) noexcept {
  std::array<std::byte*, kGivenAtOnce> taken;
  std::size_t count = 0;
  {
    std::lock_guard lock(lock_);
    for (; list.old && count < std::min(most, kGivenAtOnce); ++count) {
      Free* top = list.old;
      list.old = top->next;
      taken[count] = reinterpret_cast<std::byte*>(top) + sizeof(Free) - size;
    }
    old_.fetch_sub(count, std::memory_order_relaxed);
  }
  // Not under the lock: others would wait for the system.
  for (std::size_t index = 0; index < count; ++index)
    memory_->discard(taken[index] + guard_bytes_, size - guard_bytes_);
  std::lock_guard lock(lock_);
  list.bare.insert(list.bare.end(), taken.begin(), taken.begin() + count);
  most -= count;
  return count != 0;
}

void StackPool::reserve_batch(SizeClass& list, std::size_t size) {
  const std::size_t count = std::clamp<std::size_t>(kBatchBytes / size, 1, kBatchCount);
  void* base = nullptr;
  make_room(reservations_, reservations_.size() + 1);
  if (release_after_ != kNever) make_room(list.bare, list.count + count);
  if (memory_) {
    const base::KeptLog why;
    if (memory_->reserve(size, guard_bytes_, count, &base) != HEDDLE_OK)
      throw std::system_error(std::make_error_code(std::errc::not_enough_memory),
                              "heddle: no memory for more fiber stacks of " + std::to_string(size) + " bytes: " + why.text());
  } else {
    base = ::operator new(size* count, std::align_val_t(kHeapAlignment));
    for (std::size_t index = 1; index <= count; ++index)  // see for_each_given
      std::memset(static_cast<std::byte*>(base) + index * size - kHeapAlignment, 0, kHeapAlignment);
  }
  reservations_.push_back({base, size, count});
  list.count += count;
  list.next = static_cast<std::byte*>(base);
  list.untouched = count;
}

Stack StackPool::make(std::byte* base, std::size_t size) const {
  return {base + guard_bytes_, base + size, base};
}

}  // namespace heddle::stack
