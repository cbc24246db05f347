// ContextSwitcher::call_on of linux-arm64, and the frame through which every call on another stack goes.
//
// Unwinders need two things of a change of stack that do not go together in one frame:
//   - gdb stops with "previous frame inner to this frame" where a caller lies below its callee, unless the frame between is a
//     signal frame (.cfi_signal_frame);
//   - the caller of a signal frame is taken to be stopped *at* its pc and not behind a call, so that a `try` block whose last
//     instruction is the call of call_on would not be found by an exception.
// So there are two frames: heddle_call_on is an ordinary one on the caller's stack, and heddle_call_through, a signal frame at
// the top of the other stack, stands between it and the function.
#include "frame.h"

  .text

// void* heddle_call_on(void* stack_top, void* (*function)(void*), void* argument)
//   x0 stack_top   x1 function   x2 argument   -> x0 the function's result
function heddle_call_on
  landing_of_call
  stp x29, x30, [sp, #-16]!
  .cfi_def_cfa_offset 16
  .cfi_offset x29, -16
  .cfi_offset x30, -8
  mov x29, sp
  .cfi_def_cfa_register x29
  and x3, x0, #-16
  mov sp, x3
  mov x16, x1
  mov x0, x2
  bl heddle_call_through
  mov sp, x29
  .cfi_def_cfa_register sp
  ldp x29, x30, [sp], #16
  .cfi_def_cfa_offset 0
  .cfi_restore x29
  .cfi_restore x30
  ret
end_function heddle_call_on

// Calls a function on the stack that its caller has just changed to; not called from C++.
//   x16 function   all argument registers as the function wants them   -> x0 the function's result
function heddle_call_through
  .cfi_signal_frame
  stp x29, x30, [sp, #-16]!
  .cfi_def_cfa_offset 16
  .cfi_offset x29, -16
  .cfi_offset x30, -8
  mov x29, sp
  blr x16
  ldp x29, x30, [sp], #16
  .cfi_def_cfa_offset 0
  .cfi_restore x29
  .cfi_restore x30
  ret
end_function heddle_call_through

  end_file
