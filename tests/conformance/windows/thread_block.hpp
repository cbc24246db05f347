// The thread block (TEB), as far as it belongs to a context. Windows' headers name a part of it; the places of the others have been the
// same in every version of Windows.
#pragma once

#include <cstdint>

namespace conformance {

class ThreadBlock {
 public:
  // Asked anew at each call: a fiber may have come to another thread since the last.
  static ThreadBlock& of_this_thread();

  uintptr_t exception_list() const { return at(0, 0); }
  void set_exception_list(uintptr_t value) { at(0, 0) = value; }
  uintptr_t stack_base() const { return at(0x8, 0x4); }
  uintptr_t stack_limit() const { return at(0x10, 0x8); }
  uintptr_t fiber_data() const { return at(0x20, 0x10); }
  void set_fiber_data(uintptr_t value) { at(0x20, 0x10) = value; }
  uintptr_t arbitrary_pointer() const { return at(0x28, 0x14); }
  uintptr_t thread_id() const { return at(0x48, 0x24); }
  uintptr_t allocation() const { return at(0x1478, 0xe0c); }
  const volatile uintptr_t* tls_slots() const { return &at(0x1480, 0xe10); }
  const volatile uintptr_t* tls_expansion_slots() const {
    return reinterpret_cast<const volatile uintptr_t*>(at(0x1780, 0xf94));
  }
  uint32_t guaranteed_bytes() const { return guaranteed(); }
  void set_guaranteed_bytes(uint32_t value) { guaranteed() = value; }

 private:
  template <typename Word = uintptr_t>
  volatile Word& at(uintptr_t offset64, uintptr_t offset32) const {
    const auto base = reinterpret_cast<uintptr_t>(this);
    return *reinterpret_cast<volatile Word*>(base + (sizeof(void*) == 8 ? offset64 : offset32));
  }
  volatile uint32_t& guaranteed() const { return at<uint32_t>(0x1748, 0xf78); }
};

// The words that a context keeps, as they are now.
struct StackWords {
  static StackWords now() {
    const ThreadBlock& block = ThreadBlock::of_this_thread();
    return {block.stack_base(),       block.stack_limit(), block.allocation(),
            block.guaranteed_bytes(), block.fiber_data(),  block.exception_list()};
  }
  bool operator==(const StackWords&) const = default;

  uintptr_t base, limit, allocation, guaranteed, fiber, exceptions;
};

}  // namespace conformance
