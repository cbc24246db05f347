#include "stack/stack_pool.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <mutex>
#include <new>
#include <stdexcept>
#include <string>
#include <system_error>

namespace heddle::stack {

namespace {

constexpr std::size_t kMinSize = 16 * 1024;
constexpr std::size_t kHeapAlignment = 4096;

}  // namespace

StackPool::StackPool(const HeddleStackMemory* memory, std::size_t default_size, std::size_t max_size, bool guard)
    : memory_(memory),
      page_(memory ? memory->page_bytes : kHeapAlignment),
      default_size_(std::bit_ceil(std::max(default_size, kMinSize))),
      max_size_(std::max(std::bit_ceil(max_size), default_size_)),
      guard_bytes_(memory && guard ? page_ : 0) {}

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
  if (Free* top = list.free) {
    list.free = top->next;
    return make(reinterpret_cast<std::byte*>(top) + sizeof(Free) - size, size);
  }
  if (list.untouched == 0) reserve_batch(list, size);
  const Stack stack = make(list.next + (list.untouched - 1) * size, size);
  notes_.add(stack.lo, stack.hi);
  --list.untouched;
  return stack;
}

void StackPool::release(const Stack& stack) noexcept {
  const std::size_t size = static_cast<std::size_t>(stack.hi - stack.base);
  Free* top = ::new (stack.hi - sizeof(Free)) Free;
  std::lock_guard lock(lock_);
  SizeClass& list = classes_[std::bit_width(size) - 1];
  top->next = list.free;
  list.free = top;
}

void StackPool::reserve_batch(SizeClass& list, std::size_t size) {
  const std::size_t count = std::clamp<std::size_t>(kBatchBytes / size, 1, kBatchCount);
  void* base = nullptr;
  reservations_.reserve(reservations_.size() + 1);
  if (memory_) {
    if (memory_->reserve(size, guard_bytes_, count, &base) != HEDDLE_OK)
      throw std::system_error(
          std::make_error_code(std::errc::not_enough_memory),
          "heddle: no memory for " + std::to_string(count) + " fiber stacks of " + std::to_string(size) + " bytes");
  } else {
    base = ::operator new(size* count, std::align_val_t(kHeapAlignment));
    for (std::size_t index = 1; index <= count; ++index)  // see for_each_given
      std::memset(static_cast<std::byte*>(base) + index * size - kHeapAlignment, 0, kHeapAlignment);
  }
  reservations_.push_back({base, size, count});
  list.next = static_cast<std::byte*>(base);
  list.untouched = count;
}

Stack StackPool::make(std::byte* base, std::size_t size) const {
  return {base + guard_bytes_, base + size, base};
}

}  // namespace heddle::stack
