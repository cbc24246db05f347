// See thread_block.hpp. A file of its own, so that no caller keeps the answer over a switch.
#include "thread_block.hpp"

#include <windows.h>

// GCC takes the read of a word of the block for a read of that address: gcc.gnu.org/PR99578.
#pragma GCC diagnostic ignored "-Warray-bounds"

namespace conformance {

ThreadBlock& ThreadBlock::of_this_thread() {
  return *reinterpret_cast<ThreadBlock*>(NtCurrentTeb());
}

}  // namespace conformance
