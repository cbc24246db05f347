// ContextSwitcher::call_on of linux-amd64, and the frame through which the other calls on another stack go.
//
// Unwinders need two things of a change of stack that do not go together by themselves:
//   - gdb stops with "previous frame inner to this frame" where a caller lies below its callee, unless the frame between is a
//     signal frame (.cfi_signal_frame);
//   - the caller of a signal frame is taken to be stopped *at* its pc and not behind a call, so that a `try` block whose last
//     instruction is the call would not be found by an exception.
// So the CFI of heddle_call_on, a signal frame, says that its caller is at the last byte of the call. It is on the path of with_stack, where
// a second frame would be a tenth of the time.
#include "frame.h"

// The expression starts from the CFA, the word below which is the return address.
#define DW_CFA_val_expression 0x16
#define DW_OP_deref 0x06
#define DW_OP_minus 0x1c
#define DW_OP_lit1 0x31
#define DW_OP_lit8 0x38
#define DWARF_RIP 16
.macro cfi_caller_is_at_its_call
  .cfi_escape DW_CFA_val_expression, DWARF_RIP, 5, DW_OP_lit8, DW_OP_minus, DW_OP_deref, DW_OP_lit1, DW_OP_minus
.endm

  .text

// void* heddle_call_on(void* stack_top, void* (*function)(void*), void* argument)
//   rdi stack_top   rsi function   rdx argument   -> rax the function's result
function heddle_call_on
  .cfi_signal_frame
  cfi_caller_is_at_its_call
  endbr64
  pushq %rbp
  .cfi_def_cfa_offset 16
  .cfi_offset %rbp, -16
  movq %rsp, %rbp
  .cfi_def_cfa_register %rbp
  andq $-16, %rdi
  movq %rdi, %rsp
  movq %rdx, %rdi
  call *%rsi
  movq %rbp, %rsp
  popq %rbp
  .cfi_def_cfa %rsp, 8
  .cfi_restore %rbp
  // The prefix does nothing, but gdb takes a plain ret for an epilogue, in which it does not read the CFI.
  rep ret
end_function heddle_call_on

// Calls a function on the stack that its caller has just changed to, and is the signal frame between for a caller that has an ordinary one;
// not called from C++.
//   rax function   all argument registers as the function wants them   -> rax the function's result
function heddle_call_through
  .cfi_signal_frame
  endbr64
  subq $8, %rsp
  .cfi_def_cfa_offset 16
  call *%rax
  addq $8, %rsp
  .cfi_def_cfa_offset 8
  rep ret // as above
end_function heddle_call_through

  .section .note.GNU-stack, "", @progbits
