// ContextSwitcher of windows-386: make, swap, jump, swap_on_top, park_and_call, morestack and the first frame of a context.
//
// A parked context is the frame SWAP_* of frame.h, and HeddleContext::sp its address. All frames have one shape, so the
// CFI of a switch holds for the old stack before the stack pointer changes and for the new one afterwards.
//
// The thread block says which stack the thread is on, and Windows wants that right whenever memory is touched: between the first
// of its words that changes and the stack pointer nothing is read or written but the parked frames, which are committed.
// A thread that is suspended in between is not preempted, since inject refuses the port's own code.
//
// The switch ends in `ret`, which the processor's return stack predicts: the core switches from one place.
//
// ldmxcsr and fldcw are slow and fibers that change the control words are rare: they run only when the words differ.
#include "frame.h"

  .text

.macro registers_in_frame
  .cfi_offset %edi, SWAP_EDI - SWAP_BYTES
  .cfi_offset %esi, SWAP_ESI - SWAP_BYTES
  .cfi_offset %ebx, SWAP_EBX - SWAP_BYTES
  .cfi_offset %ebp, SWAP_EBP - SWAP_BYTES
.endm

.macro save_word teb, offset
  movl %fs:\teb, %ebx
  movl %ebx, \offset(%esp)
.endm

.macro load_word teb, offset, to
  movl \offset(\to), %ebx
  movl %ebx, %fs:\teb
.endm

// Stores the callee-saved registers and the thread block's words below the return address at esp. Clobbers ebx, esi, edi, ebp.
.macro save_registers
  leal -SWAP_PC(%esp), %esp
  .cfi_def_cfa_offset SWAP_BYTES
  stmxcsr SWAP_MXCSR(%esp)
  fnstcw SWAP_FCW(%esp)
  movl %edi, SWAP_EDI(%esp)
  movl %esi, SWAP_ESI(%esp)
  movl %ebx, SWAP_EBX(%esp)
  movl %ebp, SWAP_EBP(%esp)
  registers_in_frame
  save_word TEB_LAST_ERROR, SWAP_LAST_ERROR
  save_word TEB_STACK_BASE, SWAP_BASE
  save_word TEB_STACK_LIMIT, SWAP_LIMIT
  save_word TEB_DEALLOCATION_STACK, SWAP_ALLOCATION
  save_word TEB_GUARANTEED_STACK_BYTES, SWAP_GUARANTEED
  save_word TEB_FIBER_DATA, SWAP_FIBER_DATA
  save_word TEB_EXCEPTION_LIST, SWAP_EXCEPTION_LIST
.endm

// Stores in the frame at \at what code that ran on its stack may have changed: how far the stack has grown, how large its guard is to
// be, whether the thread is a fiber of the system. Clobbers ebx.
.macro save_stack_words at
  movl %fs:TEB_STACK_LIMIT, %ebx
  movl %ebx, SWAP_LIMIT(\at)
  movl %fs:TEB_FIBER_DATA, %ebx
  movl %ebx, SWAP_FIBER_DATA(\at)
  movl %fs:TEB_GUARANTEED_STACK_BYTES, %ebx
  movl %ebx, SWAP_GUARANTEED(\at)
.endm

// Tells the thread block of the stack that the frame at \to lies on. Clobbers ebx.
.macro change_stack_words to
  load_word TEB_GUARANTEED_STACK_BYTES, SWAP_GUARANTEED, \to
  load_word TEB_FIBER_DATA, SWAP_FIBER_DATA, \to
  load_word TEB_EXCEPTION_LIST, SWAP_EXCEPTION_LIST, \to
  load_word TEB_STACK_BASE, SWAP_BASE, \to
  load_word TEB_STACK_LIMIT, SWAP_LIMIT, \to
  load_word TEB_DEALLOCATION_STACK, SWAP_ALLOCATION, \to
.endm

// Goes over to the frame at \to: thread block and stack pointer. Clobbers ebx.
.macro change_stack to
  load_word TEB_LAST_ERROR, SWAP_LAST_ERROR, \to
  change_stack_words \to
  movl \to, %esp
.endm

// Goes to `slow` when the control words of the frame at esp and of that at \to differ. Clobbers ebx.
.macro compare_control_words to, slow
  movl SWAP_MXCSR(%esp), %ebx
  xorl SWAP_MXCSR(\to), %ebx
  testl $MXCSR_CONTROL, %ebx
  jne \slow
  movzwl SWAP_FCW(%esp), %ebx
  cmpw %bx, SWAP_FCW(\to)
  jne \slow
.endm

.macro load_control_words to, back
  ldmxcsr SWAP_MXCSR(\to)
  fldcw SWAP_FCW(\to)
  jmp \back
.endm

// Takes the registers out of the frame at esp and goes on where it was parked; eax is what its swap returns.
.macro resume
  movl SWAP_EDI(%esp), %edi
  movl SWAP_ESI(%esp), %esi
  movl SWAP_EBX(%esp), %ebx
  movl SWAP_EBP(%esp), %ebp
  .cfi_restore %edi
  .cfi_restore %esi
  .cfi_restore %ebx
  .cfi_restore %ebp
  addl $SWAP_PC, %esp
  .cfi_def_cfa_offset 4
  ret
  .cfi_def_cfa_offset SWAP_BYTES
  registers_in_frame
.endm

// void heddle_make(HeddleContext* out, const HeddleStackBounds* bounds, void* stack_hi, HeddleEntry entry, void* argument)
//   4(esp) out   8(esp) bounds   12(esp) stack_hi   16(esp) entry   20(esp) argument
function heddle_make
  movl 12(%esp), %eax
  movl 8(%esp), %edx
  andl $-16, %eax
  subl $SWAP_BYTES + ROOT_BYTES, %eax
  stmxcsr SWAP_MXCSR(%eax)
  fnstcw SWAP_FCW(%eax)
  movl $0, SWAP_LAST_ERROR(%eax)
  movl BOUNDS_BASE(%edx), %ecx
  movl %ecx, SWAP_BASE(%eax)
  movl BOUNDS_LIMIT(%edx), %ecx
  movl %ecx, SWAP_LIMIT(%eax)
  movl BOUNDS_ALLOCATION(%edx), %ecx
  movl %ecx, SWAP_ALLOCATION(%eax)
  movl $0, SWAP_GUARANTEED(%eax)
  movl $FIBER_DATA_NONE, SWAP_FIBER_DATA(%eax)
  movl $0, SWAP_EDI(%eax)
  movl $0, SWAP_ESI(%eax)
  movl 16(%esp), %ecx
  movl %ecx, SWAP_EBX(%eax)
  movl $0, SWAP_EBP(%eax)
  movl $_heddle_context_entry + ENTRY_SKIP, SWAP_PC(%eax)

  movl 20(%esp), %ecx
  movl %ecx, SWAP_BYTES + ROOT_ARGUMENT(%eax)
  leal SWAP_BYTES + ROOT_RECORD(%eax), %edx
  movl %edx, SWAP_EXCEPTION_LIST(%eax)
  leal RECORDS_FINAL_NEXT(%edx), %ecx
  movl %ecx, RECORDS_NEXT(%edx)
  movl $_heddle_last_handler, RECORDS_HANDLER(%edx)
  movl $EXCEPTION_LIST_END, RECORDS_FINAL_NEXT(%edx)
  movl _heddle_final_handler, %ecx
  movl %ecx, RECORDS_FINAL_HANDLER(%edx)

  movl 4(%esp), %edx
  movl %eax, (%edx)
  ret
end_function heddle_make

// void* heddle_swap(HeddleContext* save, const HeddleContext* to, void* transfer)
//   4(esp) save   8(esp) to   12(esp) transfer   -> eax the transfer of whoever switches back
function heddle_swap
  movl 4(%esp), %edx
  movl 8(%esp), %ecx
  movl 12(%esp), %eax
  movl (%ecx), %ecx
  save_registers
  movl %esp, (%edx)
  compare_control_words %ecx, 2f
1:
  change_stack %ecx
  resume
2:
  load_control_words %ecx, 1b
end_function heddle_swap

// void heddle_jump(const HeddleContext* to, void* transfer)
//   4(esp) to   8(esp) transfer
// Where `to` lies on the caller's own stack, what has become of that since it was parked holds on.
function heddle_jump
  movl 4(%esp), %ecx
  movl 8(%esp), %eax
  movl (%ecx), %ecx
  .cfi_def_cfa %ecx, SWAP_BYTES
  registers_in_frame
  ldmxcsr SWAP_MXCSR(%ecx)
  fldcw SWAP_FCW(%ecx)
  movl %fs:TEB_STACK_BASE, %ebx
  cmpl %ebx, SWAP_BASE(%ecx)
  jne 1f
  save_stack_words %ecx
1:
  change_stack %ecx
  .cfi_def_cfa_register %esp
  resume
end_function heddle_jump

// void* heddle_swap_on_top(HeddleContext* save, const HeddleContext* to, void* (*function)(void*), void* transfer)
//   4(esp) save   8(esp) to   12(esp) function   16(esp) transfer   -> eax the transfer of whoever switches back
// The function is called below the parked frame of `to`: an exception that leaves it comes out of the swap in `to`.
function heddle_swap_on_top
  movl 4(%esp), %edx
  movl 8(%esp), %ecx
  movl 12(%esp), %eax
  movl (%ecx), %ecx
  save_registers
  movl SWAP_BYTES + 12(%esp), %esi
  movl %esp, (%edx)
  compare_control_words %ecx, 2f
1:
  change_stack %ecx
  // A parked frame ends where its caller was aligned to 16, so the argument and 4 bytes align the call.
  subl $4, %esp
  .cfi_adjust_cfa_offset 4
  pushl %esi
  .cfi_adjust_cfa_offset 4
  call *%eax
  addl $8, %esp
  .cfi_adjust_cfa_offset -8
  resume
2:
  load_control_words %ecx, 1b
end_function heddle_swap_on_top

// void* heddle_park_and_call(HeddleContext* save, const HeddleContext* on, void* (*function)(void*), void* argument)
//   4(esp) save   8(esp) on   12(esp) function   16(esp) argument   -> eax the function's result, or the transfer of whoever
//   switches to save
// The frame that is parked is also the caller's frame of the call. A signal frame, because gdb follows only those to a caller that may
// lie below; no exception passes here, so that the caller's pc is taken for exact does no harm (see call.S).
// The last error stays the thread's, both ways.
function heddle_park_and_call
  .cfi_signal_frame
  movl 4(%esp), %edx
  movl 8(%esp), %ecx
  movl (%ecx), %ecx
  save_registers
  movl %esp, (%edx)
  movl %esp, %ebp
  .cfi_def_cfa_register %ebp
  movl SWAP_BYTES + 8(%ebp), %eax
  movl SWAP_BYTES + 12(%ebp), %edx
  movl %ecx, %esi
  change_stack_words %ecx
  leal -8(%ecx), %esp
  andl $-16, %esp  // foreign code that calls back may have aligned to 4 only
  movl %edx, (%esp)
  call *%eax
  save_stack_words %esi
  change_stack_words %ebp
  movl SWAP_EDI(%ebp), %edi
  movl SWAP_ESI(%ebp), %esi
  movl SWAP_EBX(%ebp), %ebx
  .cfi_restore %edi
  .cfi_restore %esi
  .cfi_restore %ebx
  leal SWAP_EBP(%ebp), %esp
  .cfi_def_cfa %esp, SWAP_BYTES - SWAP_EBP
  popl %ebp
  .cfi_def_cfa_offset 4
  .cfi_restore %ebp
  ret
end_function heddle_park_and_call

// void* heddle_morestack(void* (*function)(void*), void* context)
//   4(esp) function   8(esp) context   -> eax the function's result, or the transfer of whoever switches to the parked caller
// It asks on the system stack, and makes the call by call_on.
function heddle_morestack
  save_registers
  movl %esp, %ebp
  .cfi_def_cfa_register %ebp
  subl $MORE_LOCAL_BYTES, %esp
  movl %ebp, MORE_CALLER(%ebp)
  movl MORE_ARGUMENT(%ebp), %eax
  movl %eax, MORE_CONTEXT(%ebp)
  // Which stack to ask on: the system stack, unless the thread is no worker's, runs no fiber, or is on it. esi: where it is parked, or 0.
  xorl %esi, %esi
  call _heddle_tls_get
  testl %eax, %eax
  jz 2f
  cmpl $0, THREAD_FIBER(%eax)
  je 2f
  cmpl THREAD_SYSTEM_LO(%eax), %esp
  jb 1f
  cmpl THREAD_SYSTEM_HI(%eax), %esp
  jb 2f
1:
  movl THREAD_SYSTEM_SP(%eax), %esi
  change_stack_words %esi
  movl %esi, %esp
  andl $-16, %esp
2:
  leal MORE_QUESTION(%ebp), %edx
  movl $_heddle_new_stack, %eax
  call _heddle_call_through
  testl %esi, %esi
  jz 3f
  save_stack_words %esi
  change_stack_words %ebp
  leal -MORE_LOCAL_BYTES(%ebp), %esp
3:
  testl %eax, %eax
  jz 4f
  leal SEGMENT_BOUNDS(%eax), %ecx
  pushl %ecx
  pushl MORE_CONTEXT(%ebp)
  pushl MORE_FUNCTION(%ebp)
  pushl SEGMENT_HI(%eax)
  call _heddle_call_on
4:
  movl SWAP_EDI(%ebp), %edi
  movl SWAP_ESI(%ebp), %esi
  movl SWAP_EBX(%ebp), %ebx
  .cfi_restore %edi
  .cfi_restore %esi
  .cfi_restore %ebx
  leal SWAP_EBP(%ebp), %esp
  .cfi_def_cfa %esp, SWAP_BYTES - SWAP_EBP
  popl %ebp
  .cfi_def_cfa_offset 4
  .cfi_restore %ebp
  ret
end_function heddle_morestack

// The first frame of every context, entered by the `ret` of a switch; below it there is nothing to unwind to. It is entered
// behind its nop: unwinders look for a caller one byte before its pc, and that byte has to be this function's too.
//   eax transfer   ebx entry   (esp) ROOT_*   -> never returns
// It jumps to entry with a return address of its own making: a call without its return would leave the processor's return stack
// one off for every return of whoever comes next on it.
function heddle_context_entry
  .cfi_undefined %eip
  nop
  movl %eax, ROOT_TRANSFER(%esp)
  pushl $1f
  .cfi_adjust_cfa_offset 4
  jmp *%ebx
  .cfi_adjust_cfa_offset -4
  nop
1:
  ud2
end_function heddle_context_entry
