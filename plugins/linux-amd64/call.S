// ContextSwitcher::call_on of linux-amd64, and the frame through which every call on another stack goes.
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
//   rdi stack_top   rsi function   rdx argument   -> rax the function's result
function heddle_call_on
  endbr64
  pushq %rbp
  .cfi_def_cfa_offset 16
  .cfi_offset %rbp, -16
  movq %rsp, %rbp
  .cfi_def_cfa_register %rbp
  andq $-16, %rdi
  movq %rdi, %rsp
  movq %rsi, %rax
  movq %rdx, %rdi
  call heddle_call_through
  movq %rbp, %rsp
  popq %rbp
  .cfi_def_cfa %rsp, 8
  .cfi_restore %rbp
  ret
end_function heddle_call_on

// Calls a function on the stack that its caller has just changed to; not called from C++.
//   rax function   all argument registers as the function wants them   -> rax the function's result
function heddle_call_through
  .cfi_signal_frame
  endbr64
  subq $8, %rsp
  .cfi_def_cfa_offset 16
  call *%rax
  addq $8, %rsp
  .cfi_def_cfa_offset 8
  // The prefix does nothing, but gdb takes a plain ret for an epilogue, in which it does not read the CFI.
  rep ret
end_function heddle_call_through

  .section .note.GNU-stack, "", @progbits
