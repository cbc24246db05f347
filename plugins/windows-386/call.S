// ContextSwitcher::call_on of windows-386, and what stands between the two stacks.
//
// Unwinders need two things of a change of stack that do not go together in one frame:
//   - gdb stops with "previous frame inner to this frame" where a caller lies below its callee, unless the frame between is a
//     signal frame (.cfi_signal_frame);
//   - the caller of a signal frame is taken to be stopped *at* its pc and not behind a call, so that a `try` block whose last
//     instruction is the call of call_on would not be found by an exception.
// So there are two frames: heddle_call_on is an ordinary one on the caller's stack, and heddle_call_through, a signal frame at
// the top of the other stack, stands between it and the function.
//
// The thread block names the stack that runs. A return brings the caller's words back, and so does a C++ exception that leaves
// the function: heddle_call_on has a personality routine (port.cpp), which stops the unwinding at heddle_call_landing. The words
// change there, where the stack pointer does too; a personality routine that changed them itself would leave the unwinder, which
// runs on the other stack until it has found where to go on, with bounds that do not hold for it.
//
// The exception chain at fs:[0] starts anew on the other stack, since Windows ends the search at a record outside of the
// bounds. So a structured handler of the caller is not asked for an exception in the function; heddle_last_handler is, as at
// the bottom of a thread. Raising it again on the caller's stack would lose the registers where it happened.
#include "frame.h"

  .text

// Back to the words of the caller's stack, from those of the other one. Clobbers ecx, edx.
.macro restore_stack_words
  movl CALL_BOUNDS(%ebp), %edx
  movl %fs:TEB_STACK_LIMIT, %ecx
  movl %ecx, BOUNDS_LIMIT(%edx)
  movl CALL_EXCEPTION_LIST(%ebp), %ecx
  movl %ecx, %fs:TEB_EXCEPTION_LIST
  movl CALL_BASE(%ebp), %ecx
  movl %ecx, %fs:TEB_STACK_BASE
  movl CALL_LIMIT(%ebp), %ecx
  movl %ecx, %fs:TEB_STACK_LIMIT
  movl CALL_ALLOCATION(%ebp), %ecx
  movl %ecx, %fs:TEB_DEALLOCATION_STACK
.endm

// void* heddle_call_on(void* stack_top, void* (*function)(void*), void* argument, HeddleStackBounds* bounds)
//   8(ebp) stack_top   12(ebp) function   16(ebp) argument   20(ebp) bounds   -> eax the function's result
function heddle_call_on
  .cfi_personality 0, _heddle_call_personality
  pushl %ebp
  .cfi_def_cfa_offset 8
  .cfi_offset %ebp, -8
  movl %esp, %ebp
  .cfi_def_cfa_register %ebp
  pushl %fs:TEB_STACK_BASE
  pushl %fs:TEB_STACK_LIMIT
  pushl %fs:TEB_DEALLOCATION_STACK
  pushl %fs:TEB_EXCEPTION_LIST
  movl CALL_STACK_TOP(%ebp), %ecx
  movl CALL_BOUNDS(%ebp), %edx
  andl $-16, %ecx
  movl BOUNDS_BASE(%edx), %eax
  movl %eax, %fs:TEB_STACK_BASE
  movl BOUNDS_LIMIT(%edx), %eax
  movl %eax, %fs:TEB_STACK_LIMIT
  movl BOUNDS_ALLOCATION(%edx), %eax
  movl %eax, %fs:TEB_DEALLOCATION_STACK
  movl %ecx, %esp
  pushl _heddle_final_handler
  pushl $EXCEPTION_LIST_END
  movl %esp, %ecx
  pushl $_heddle_last_handler
  pushl %ecx
  movl %esp, %fs:TEB_EXCEPTION_LIST
  movl CALL_FUNCTION(%ebp), %eax
  movl CALL_ARGUMENT(%ebp), %edx
  call _heddle_call_through
  restore_stack_words
  leave
  .cfi_def_cfa %esp, 4
  .cfi_restore %ebp
  ret
end_function heddle_call_on

// Where an exception goes on that has left the function: the unwinder has put ebp back, and esp is still the other stack's.
//   eax _Unwind_Exception   ebp the frame pointer of heddle_call_on   -> never returns
// A function of its own, without the personality routine: unwinding goes on from here, and would else end here again.
function heddle_call_landing
  .cfi_def_cfa %ebp, 8
  .cfi_offset %ebp, -8
  restore_stack_words
  leal CALL_EXCEPTION_LIST(%ebp), %esp
  subl $4, %esp
  andl $-16, %esp
  movl %eax, (%esp)
  call __Unwind_Resume
  ud2
end_function heddle_call_landing

// Calls a function on the stack that its caller has just changed to; not called from C++.
//   eax function   edx argument   -> eax the function's result
// ecx, in which compilers pass a static chain, has the argument too: see ContextSwitcher::morestack.
function heddle_call_through
  .cfi_signal_frame
  subl $8, %esp
  .cfi_def_cfa_offset 12
  pushl %edx
  .cfi_def_cfa_offset 16
  movl %edx, %ecx
  call *%eax
  addl $12, %esp
  .cfi_def_cfa_offset 4
  // The prefix does nothing, but gdb takes a plain ret for an epilogue, in which it does not read the CFI.
  rep ret
end_function heddle_call_through

// The DWARF expression for a register at `offset` (0x80 to 0xff) in the CONTEXT that is the first argument: of a frame whose ebp is known.
#define DW_CFA_def_cfa_expression 0x0f
#define DW_CFA_expression 0x10
#define DW_OP_deref 0x06
#define DW_OP_plus_uconst 0x23
#define DW_OP_breg5 0x75
#define DWARF_EBX 3
#define DWARF_EBP 5
#define DWARF_ESI 6
#define DWARF_EDI 7
#define DWARF_EIP 8
.macro cfi_in_context register, offset
  .cfi_escape DW_CFA_expression, \register, 6, DW_OP_breg5, 8, DW_OP_deref, DW_OP_plus_uconst, \offset, 1
.endm

// Calls a function with the frame of interrupted code as its caller's caller: for unwinders that only read, since nothing returns there.
// void heddle_call_interrupted(const CONTEXT* context, void* (*function)(void*), void* argument)
//   8(ebp) context   12(ebp) function   16(ebp) argument
function heddle_call_interrupted
  .cfi_signal_frame
  pushl %ebp
  .cfi_adjust_cfa_offset 4
  .cfi_offset %ebp, -8
  movl %esp, %ebp
  .cfi_def_cfa_register %ebp
  subl $4, %esp
  pushl 16(%ebp)
  .cfi_remember_state
  .cfi_escape DW_CFA_def_cfa_expression, 7, DW_OP_breg5, 8, DW_OP_deref, DW_OP_plus_uconst, CONTEXT_ESP, 1, DW_OP_deref
  cfi_in_context DWARF_EIP, CONTEXT_EIP
  cfi_in_context DWARF_EBP, CONTEXT_EBP
  cfi_in_context DWARF_EBX, CONTEXT_EBX
  cfi_in_context DWARF_ESI, CONTEXT_ESI
  cfi_in_context DWARF_EDI, CONTEXT_EDI
  call *12(%ebp)
  .cfi_restore_state
  leave
  .cfi_def_cfa %esp, 4
  .cfi_restore %ebp
  rep ret
end_function heddle_call_interrupted
