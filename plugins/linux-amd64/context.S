// ContextSwitcher of linux-amd64: make, swap, jump, swap_on_top, park_and_call, morestack and the first frame of a context.
//
// A parked context is the frame SWAP_* of frame.h, and HeddleContext::sp its address. All frames have one shape, so the
// CFI of a switch holds for the old stack before the stack pointer changes and for the new one afterwards.
//
// The switch ends in `ret`, not in a jump through a register: the core switches from one place, so the processor's return
// stack predicts it, and it stays aligned for the returns of the core that follow. A jump measures the same when the caller
// switches in its outermost function and 15 ns slower when it is two calls deep.
//
// ldmxcsr and fldcw are slow and fibers that change the control words are rare: they run only when the words differ.
#include "frame.h"

  .text

// Stores the callee-saved registers and the return address's frame at rsp; the CFI follows each store.
.macro save_registers
  leaq -SWAP_PC(%rsp), %rsp
  .cfi_def_cfa_offset SWAP_BYTES
  stmxcsr SWAP_MXCSR(%rsp)
  fnstcw SWAP_FCW(%rsp)
  movq %r12, SWAP_R12(%rsp)
  movq %r13, SWAP_R13(%rsp)
  movq %r14, SWAP_R14(%rsp)
  movq %r15, SWAP_R15(%rsp)
  movq %rbx, SWAP_RBX(%rsp)
  movq %rbp, SWAP_RBP(%rsp)
  registers_in_frame
.endm

.macro registers_in_frame
  .cfi_offset %r12, SWAP_R12 - SWAP_BYTES
  .cfi_offset %r13, SWAP_R13 - SWAP_BYTES
  .cfi_offset %r14, SWAP_R14 - SWAP_BYTES
  .cfi_offset %r15, SWAP_R15 - SWAP_BYTES
  .cfi_offset %rbx, SWAP_RBX - SWAP_BYTES
  .cfi_offset %rbp, SWAP_RBP - SWAP_BYTES
.endm

// Goes to `slow` when the control words of the frame at rsp and of that at \to differ. Clobbers eax, r8d.
.macro compare_control_words to, slow
  movl SWAP_MXCSR(%rsp), %eax
  xorl SWAP_MXCSR(\to), %eax
  testl $MXCSR_CONTROL, %eax
  jne \slow
  movzwl SWAP_FCW(%rsp), %r8d
  cmpw %r8w, SWAP_FCW(\to)
  jne \slow
.endm

.macro load_control_words to, back
  ldmxcsr SWAP_MXCSR(\to)
  fldcw SWAP_FCW(\to)
  jmp \back
.endm

// Takes the registers out of the frame at rsp and goes on where it was parked; \result is what its swap returns.
.macro resume result
  movq SWAP_R12(%rsp), %r12
  movq SWAP_R13(%rsp), %r13
  movq SWAP_R14(%rsp), %r14
  movq SWAP_R15(%rsp), %r15
  movq SWAP_RBX(%rsp), %rbx
  movq SWAP_RBP(%rsp), %rbp
  .ifnc \result,%rax
  movq \result, %rax
  .endif
  .cfi_restore %r12
  .cfi_restore %r13
  .cfi_restore %r14
  .cfi_restore %r15
  .cfi_restore %rbx
  .cfi_restore %rbp
  addq $SWAP_PC, %rsp
  .cfi_def_cfa_offset 8
  ret
  .cfi_def_cfa_offset SWAP_BYTES
  registers_in_frame
.endm

// void heddle_make(HeddleContext* out, void* stack_lo, void* stack_hi, HeddleEntry entry, void* argument)
//   rdi out   rsi stack_lo   rdx stack_hi   rcx entry   r8 argument
function heddle_make
  endbr64
  andq $-16, %rdx
  subq $SWAP_BYTES, %rdx
  stmxcsr SWAP_MXCSR(%rdx)
  fnstcw SWAP_FCW(%rdx)
  movq %r8, SWAP_R12(%rdx)
  movq %rcx, SWAP_RBX(%rdx)
  movq $0, SWAP_RBP(%rdx)
  leaq heddle_context_entry + ENTRY_SKIP(%rip), %rax
  movq %rax, SWAP_PC(%rdx)
  movq %rdx, (%rdi)
  ret
end_function heddle_make

// void* heddle_swap(HeddleContext* save, const HeddleContext* to, void* transfer)
//   rdi save   rsi to   rdx transfer   -> rax the transfer of whoever switches back
function heddle_swap
  endbr64
  movq (%rsi), %rcx
  save_registers
  movq %rsp, (%rdi)
  compare_control_words %rcx, 2f
1:
  movq %rcx, %rsp
  resume %rdx
2:
  load_control_words %rcx, 1b
end_function heddle_swap

// void heddle_jump(const HeddleContext* to, void* transfer)
//   rdi to   rsi transfer
function heddle_jump
  endbr64
  movq (%rdi), %rsp
  .cfi_def_cfa_offset SWAP_BYTES
  registers_in_frame
  ldmxcsr SWAP_MXCSR(%rsp)
  fldcw SWAP_FCW(%rsp)
  resume %rsi
end_function heddle_jump

// void* heddle_swap_on_top(HeddleContext* save, const HeddleContext* to, void* (*function)(void*), void* transfer)
//   rdi save   rsi to   rdx function   rcx transfer   -> rax the transfer of whoever switches back
// The function is called below the parked frame of `to`: an exception that leaves it comes out of the swap in `to`.
function heddle_swap_on_top
  endbr64
  movq (%rsi), %r9
  save_registers
  movq %rsp, (%rdi)
  compare_control_words %r9, 2f
1:
  movq %r9, %rsp
  movq %rcx, %rdi
  call *%rdx
  resume %rax
2:
  load_control_words %r9, 1b
end_function heddle_swap_on_top

// void* heddle_park_and_call(HeddleContext* save, const HeddleContext* on, void* (*function)(void*), void* argument)
//   rdi save   rsi on   rdx function   rcx argument   -> rax the function's result, or the transfer of whoever switches to save
// The frame that is parked is also the caller's frame of the call. A signal frame, because gdb follows only those to a caller that may
// lie below; no exception passes here, so that the caller's pc is taken for exact does no harm (see call.S).
function heddle_park_and_call
  .cfi_signal_frame
  endbr64
  movq (%rsi), %r9
  save_registers
  movq %rsp, (%rdi)
  movq %rsp, %rbp
  .cfi_def_cfa_register %rbp
  movq %rcx, %rdi
  movq %r9, %rsp
  call *%rdx
  leaq SWAP_RBP(%rbp), %rsp
  .cfi_def_cfa %rsp, SWAP_BYTES - SWAP_RBP
  popq %rbp
  .cfi_def_cfa_offset 8
  .cfi_restore %rbp
  ret
end_function heddle_park_and_call

// void* heddle_morestack(void* (*function)(void*), void* context)
//   rdi function   rsi context   -> rax the function's result, or the transfer of whoever switches to the parked caller
// r10, the static chain of the ABI, holds the context throughout. The two calls on other stacks go through call.S.
function heddle_morestack
  endbr64
  movq %rsi, %r10
  save_registers
  movq %rsp, %rbp
  .cfi_def_cfa_register %rbp
  subq $MORE_LOCAL_BYTES, %rsp
  movq %rbp, MORE_CALLER(%rbp)
  movq %rdi, MORE_FUNCTION(%rbp)
  movq %r10, MORE_CONTEXT(%rbp)
  // Which stack to ask on: the system stack, unless the thread is no worker's, runs no fiber, or is on it or on the signal stack.
  movq heddle_tls_slot@gottpoff(%rip), %rcx
  movq %fs:(%rcx), %rcx
  testq %rcx, %rcx
  jz 3f
  cmpq $0, THREAD_FIBER(%rcx)
  je 3f
  cmpq THREAD_SYSTEM_LO(%rcx), %rsp
  jb 1f
  cmpq THREAD_SYSTEM_HI(%rcx), %rsp
  jb 3f
1:
  cmpq THREAD_SIGNAL_LO(%rcx), %rsp
  jb 2f
  cmpq THREAD_SIGNAL_HI(%rcx), %rsp
  jb 3f
2:
  movq THREAD_SYSTEM_SP(%rcx), %rsp
3:
  leaq MORE_CALLER(%rbp), %rdi
  movq %r10, %rsi
  leaq heddle_new_stack(%rip), %rax
  call heddle_call_through
  testq %rax, %rax
  jz 4f
  movq SEGMENT_HI(%rax), %rsp
  andq $-16, %rsp
  movq MORE_CONTEXT(%rbp), %rdi
  movq %rdi, %r10
  movq MORE_FUNCTION(%rbp), %rax
  call heddle_call_through
4:
  leaq SWAP_RBP(%rbp), %rsp
  .cfi_def_cfa %rsp, SWAP_BYTES - SWAP_RBP
  popq %rbp
  .cfi_def_cfa_offset 8
  .cfi_restore %rbp
  ret
end_function heddle_morestack

// The first frame of every context, entered by the `ret` of a switch; below it there is nothing to unwind to. It is entered
// behind its nop: unwinders look for a caller one byte before its pc, and that byte has to be this function's too.
//   rax transfer   rbx entry   r12 argument   -> never returns
// It jumps to entry with a return address of its own making: a call without its return would leave the processor's return stack
// one off for every return of whoever comes next on it.
function heddle_context_entry
  .cfi_undefined %rip
  nop
  endbr64
  movq %rax, %rdi
  movq %r12, %rsi
  leaq 1f(%rip), %rcx
  pushq %rcx
  .cfi_adjust_cfa_offset 8
  jmp *%rbx
  .cfi_adjust_cfa_offset -8
  nop
1:
  ud2
end_function heddle_context_entry

  .section .note.GNU-stack, "", @progbits
