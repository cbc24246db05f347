// StackNotes: what Valgrind and AddressSanitizer are told of memory that is used as stacks.
//
// Valgrind takes a stack pointer that moves far for a switch to another stack, and one that moves a little for a frame, whose memory
// it then declares undefined. Registered stacks make it certain. Where nobody looks, a registration is a few instructions that do
// nothing, once for each stack: so it happens where a stack is used for the first time and not at a switch. AddressSanitizer's
// poison outlives a mapping, and would be found by whoever gets the addresses next.
//
// No header but this file's .cpp asks for Valgrind: built with its header or without, the class is the same.
#pragma once

#include <cstddef>
#include <vector>

namespace heddle::stack {

class StackNotes {
 public:
  StackNotes() = default;
  ~StackNotes();
  StackNotes(const StackNotes&) = delete;
  StackNotes& operator=(const StackNotes&) = delete;

  /// [lo, hi) is a stack from now on. Throws std::bad_alloc.
  void add(std::byte* lo, std::byte* hi);

  /// The memory is about to be given back.
  static void release(void* base, std::size_t bytes) noexcept;

 private:
  std::vector<unsigned> registered_;  // Valgrind's numbers; empty where the program does not run under it
};

}  // namespace heddle::stack
