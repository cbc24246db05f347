// ContextSwitcher of windows-amd64: make, swap, jump, swap_on_top, park_and_call, morestack and the first frame of a context.
//
// A parked context is the frame SWAP_* of frame.h, and HeddleContext::sp its address. All frames have one shape, so the
// unwind data of a switch holds for the old stack before the stack pointer changes and for the new one afterwards: the
// prologue is what stores the registers, and the epilogue takes the frame off the new stack.
//
// A stack is known to Windows by words of the thread block: without them no exception is dispatched on it, its guard page
// does not grow it, and a large frame is probed against another stack's limit. They are parked with the registers, as is the
// thread's last error. They change right after the stack pointer does; nothing in between can raise an exception, since a
// parked frame is committed memory.
//
// The switch ends in `ret`, not in a jump through a register: the core switches from one place, so the processor's return
// stack predicts it, and it stays aligned for the returns of the core that follow.
//
// ldmxcsr and fldcw are slow and fibers that change the control words are rare: they run only when the words differ.
#include "frame.h"

  .text

// The prologue: stores the callee-saved registers in the return address's frame, which begins \below bytes above rsp. With frame=1
// rbp is the frame pointer then.
.macro save_registers below=0, frame=0
  subq $SWAP_PC + \below, %rsp
  .seh_stackalloc SWAP_PC + \below
  movq %rbp, SWAP_RBP + \below(%rsp)
  .seh_savereg %rbp, SWAP_RBP + \below
  movq %rbx, SWAP_RBX + \below(%rsp)
  .seh_savereg %rbx, SWAP_RBX + \below
  movq %rsi, SWAP_RSI + \below(%rsp)
  .seh_savereg %rsi, SWAP_RSI + \below
  movq %rdi, SWAP_RDI + \below(%rsp)
  .seh_savereg %rdi, SWAP_RDI + \below
  movq %r15, SWAP_R15 + \below(%rsp)
  .seh_savereg %r15, SWAP_R15 + \below
  movq %r14, SWAP_R14 + \below(%rsp)
  .seh_savereg %r14, SWAP_R14 + \below
  movq %r13, SWAP_R13 + \below(%rsp)
  .seh_savereg %r13, SWAP_R13 + \below
  movq %r12, SWAP_R12 + \below(%rsp)
  .seh_savereg %r12, SWAP_R12 + \below
  .irp n, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
  movaps %xmm\n, SWAP_XMM6 + 16 * (\n - 6) + \below(%rsp)
  .seh_savexmm %xmm\n, SWAP_XMM6 + 16 * (\n - 6) + \below
  .endr
  .if \frame
  movq %rsp, %rbp
  .seh_setframe %rbp, 0
  .endif
  .seh_endprologue
.endm

// Stores the control words and what the thread block says of the stack. Clobbers rax, r10, r11.
.macro save_thread below=0
  stmxcsr SWAP_MXCSR + \below(%rsp)
  fnstcw SWAP_FCW + \below(%rsp)
  movq %gs:TEB_STACK_BASE, %rax
  movq %gs:TEB_STACK_LIMIT, %r10
  movq %gs:TEB_DEALLOCATION_STACK, %r11
  movq %rax, SWAP_BASE + \below(%rsp)
  movq %r10, SWAP_LIMIT + \below(%rsp)
  movq %r11, SWAP_ALLOCATION + \below(%rsp)
  movq %gs:TEB_FIBER_DATA, %rax
  movq %gs:TEB_EXCEPTION_LIST, %r10
  movl %gs:TEB_LAST_ERROR, %r11d
  movq %rax, SWAP_FIBER_DATA + \below(%rsp)
  movq %r10, SWAP_EXCEPTION_LIST + \below(%rsp)
  movl %r11d, SWAP_LAST_ERROR + \below(%rsp)
  movl %gs:TEB_GUARANTEED_STACK_BYTES, %eax
  movl %eax, SWAP_GUARANTEED + \below(%rsp)
.endm

// Stores in the frame at \at what code that ran on its stack may have changed: how far the stack has grown, how large its guard is to
// be, whether the thread is a fiber of the system. Clobbers rcx, r10, r11.
.macro save_stack_words at
  movq %gs:TEB_STACK_LIMIT, %rcx
  movq %gs:TEB_FIBER_DATA, %r10
  movl %gs:TEB_GUARANTEED_STACK_BYTES, %r11d
  movq %rcx, SWAP_LIMIT(\at)
  movq %r10, SWAP_FIBER_DATA(\at)
  movl %r11d, SWAP_GUARANTEED(\at)
.endm

// Tells the thread block of the stack that the frame at \at lies on. Clobbers rcx, r10, r11.
.macro load_stack_words at, below=0
  movq SWAP_BASE + \below(\at), %rcx
  movq SWAP_LIMIT + \below(\at), %r10
  movq SWAP_ALLOCATION + \below(\at), %r11
  movq %rcx, %gs:TEB_STACK_BASE
  movq %r10, %gs:TEB_STACK_LIMIT
  movq %r11, %gs:TEB_DEALLOCATION_STACK
  movq SWAP_FIBER_DATA + \below(\at), %rcx
  movq SWAP_EXCEPTION_LIST + \below(\at), %r10
  movl SWAP_GUARANTEED + \below(\at), %r11d
  movq %rcx, %gs:TEB_FIBER_DATA
  movq %r10, %gs:TEB_EXCEPTION_LIST
  movl %r11d, %gs:TEB_GUARANTEED_STACK_BYTES
.endm

// Takes up what the frame at rsp keeps of the thread block. Clobbers rcx, r10, r11.
.macro load_thread below=0
  load_stack_words %rsp, \below
  movl SWAP_LAST_ERROR + \below(%rsp), %ecx
  movl %ecx, %gs:TEB_LAST_ERROR
.endm

// Goes to `slow` when the control words of the frame at rsp and of that at \to differ. Clobbers eax, r10d.
.macro compare_control_words to, slow, below=0
  movl SWAP_MXCSR + \below(%rsp), %eax
  xorl SWAP_MXCSR(\to), %eax
  testl $MXCSR_CONTROL, %eax
  jne \slow
  movzwl SWAP_FCW + \below(%rsp), %r10d
  cmpw %r10w, SWAP_FCW(\to)
  jne \slow
.endm

.macro load_control_words to, back
  ldmxcsr SWAP_MXCSR(\to)
  fldcw SWAP_FCW(\to)
  jmp \back
.endm

// Takes the registers out of the frame and goes on where it was parked; \result is what its swap returns.
.macro resume result, below=0
  .irp n, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
  movaps SWAP_XMM6 + 16 * (\n - 6) + \below(%rsp), %xmm\n
  .endr
  movq SWAP_R12 + \below(%rsp), %r12
  movq SWAP_R13 + \below(%rsp), %r13
  movq SWAP_R14 + \below(%rsp), %r14
  movq SWAP_R15 + \below(%rsp), %r15
  movq SWAP_RDI + \below(%rsp), %rdi
  movq SWAP_RSI + \below(%rsp), %rsi
  movq SWAP_RBX + \below(%rsp), %rbx
  movq SWAP_RBP + \below(%rsp), %rbp
  .ifnc \result,%rax
  movq \result, %rax
  .endif
  addq $SWAP_PC + \below, %rsp
  ret
.endm

// void heddle_make(HeddleContext* out, const HeddleStackBounds* bounds, void* stack_hi, HeddleEntry entry, void* argument)
//   rcx out   rdx bounds   r8 stack_hi   r9 entry   40(%rsp) argument
function heddle_make
  .seh_endprologue
  andq $-16, %r8
  movq $0, ENTRY_CALLER - ENTRY_BYTES(%r8)
  movq $0, ENTRY_CALLER + 8 - ENTRY_BYTES(%r8)
  subq $ENTRY_BYTES + SWAP_BYTES, %r8
  stmxcsr SWAP_MXCSR(%r8)
  fnstcw SWAP_FCW(%r8)
  movq BOUNDS_BASE(%rdx), %rax
  movq BOUNDS_LIMIT(%rdx), %r10
  movq BOUNDS_ALLOCATION(%rdx), %r11
  movq %rax, SWAP_BASE(%r8)
  movq %r10, SWAP_LIMIT(%r8)
  movq %r11, SWAP_ALLOCATION(%r8)
  movl $0, SWAP_LAST_ERROR(%r8)
  movl $0, SWAP_GUARANTEED(%r8)
  movq $FIBER_DATA_NONE, SWAP_FIBER_DATA(%r8)
  movq $EXCEPTION_LIST_END, SWAP_EXCEPTION_LIST(%r8)
  movq 40(%rsp), %rax
  movq %rax, SWAP_R12(%r8)
  movq %r9, SWAP_RBX(%r8)
  movq $0, SWAP_RBP(%r8)
  leaq heddle_context_entry + ENTRY_SKIP(%rip), %rax
  movq %rax, SWAP_PC(%r8)
  movq %r8, (%rcx)
  ret
end_function heddle_make

// void* heddle_swap(HeddleContext* save, const HeddleContext* to, void* transfer)
//   rcx save   rdx to   r8 transfer   -> rax the transfer of whoever switches back
function heddle_swap
  save_registers
  movq (%rdx), %rdx
  save_thread
  movq %rsp, (%rcx)
  compare_control_words %rdx, 2f
1:
  movq %rdx, %rsp
  load_thread
  resume %r8
2:
  load_control_words %rdx, 1b
end_function heddle_swap

// void heddle_jump(const HeddleContext* to, void* transfer)
//   rcx to   rdx transfer
// Its prologue is the one instruction that changes to the other stack. Where that is the caller's own, what has become of it since `to` was
// parked holds on.
function heddle_jump
  movq (%rcx), %rsp
  .seh_stackalloc SWAP_PC
  .seh_savereg %rbp, SWAP_RBP
  .seh_savereg %rbx, SWAP_RBX
  .seh_savereg %rsi, SWAP_RSI
  .seh_savereg %rdi, SWAP_RDI
  .seh_savereg %r15, SWAP_R15
  .seh_savereg %r14, SWAP_R14
  .seh_savereg %r13, SWAP_R13
  .seh_savereg %r12, SWAP_R12
  .irp n, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
  .seh_savexmm %xmm\n, SWAP_XMM6 + 16 * (\n - 6)
  .endr
  .seh_endprologue
  ldmxcsr SWAP_MXCSR(%rsp)
  fldcw SWAP_FCW(%rsp)
  movq %gs:TEB_STACK_BASE, %rcx
  cmpq %rcx, SWAP_BASE(%rsp)
  jne 1f
  save_stack_words %rsp
1:
  load_thread
  resume %rdx
end_function heddle_jump

// void* heddle_swap_on_top(HeddleContext* save, const HeddleContext* to, void* (*function)(void*), void* transfer)
//   rcx save   rdx to   r8 function   r9 transfer   -> rax the transfer of whoever switches back
// The function is called below the parked frame of `to`: an exception that leaves it comes out of the swap in `to`. The
// stack pointer stays its home space below the frames, so that the unwind data holds during the call too.
function heddle_swap_on_top
  save_registers HOME_BYTES
  movq (%rdx), %rdx
  save_thread HOME_BYTES
  leaq HOME_BYTES(%rsp), %rax
  movq %rax, (%rcx)
  compare_control_words %rdx, 2f, HOME_BYTES
1:
  leaq -HOME_BYTES(%rdx), %rsp
  load_thread HOME_BYTES
  movq %r9, %rcx
  call *%r8
  resume %rax, HOME_BYTES
2:
  load_control_words %rdx, 1b
end_function heddle_swap_on_top

// void* heddle_park_and_call(HeddleContext* save, const HeddleContext* on, void* (*function)(void*), void* argument)
//   rcx save   rdx on   r8 function   r9 argument   -> rax the function's result, or the transfer of whoever switches to save
// The frame that is parked is also the caller's frame of the call. The last error stays the thread's, both ways.
function heddle_park_and_call
  save_registers frame=1
  movq (%rdx), %rbx
  save_thread
  movq %rsp, (%rcx)
  movq %rbx, %rsp
  load_stack_words %rbx
  movq %r9, %rcx
  call heddle_run_below
  save_stack_words %rbx
  movq %rbp, %rsp
  load_stack_words %rbp
  movq SWAP_RBX(%rbp), %rbx
  leaq SWAP_RBP(%rbp), %rsp
  popq %rbp
  ret
end_function heddle_park_and_call

// Calls a function on the stack that park_and_call has just changed to; not called from C++.
//   r8 function   rcx its argument   -> rax the function's result
// Windows looks for handlers on one stack only, so the frame of park_and_call is not asked. What nobody takes on this one comes to this
// frame's handler, as at the bottom of a thread.
function heddle_run_below
  .seh_handler heddle_last_handler, @except
  subq $THROUGH_BYTES, %rsp
  .seh_stackalloc THROUGH_BYTES
  .seh_endprologue
  call *%r8
  nop // as in heddle_call_through
  addq $THROUGH_BYTES, %rsp
  ret
end_function heddle_run_below

// void* heddle_morestack(void* (*function)(void*), void* context)
//   rcx function   rdx context   -> rax the function's result, or the transfer of whoever switches to the parked caller
// It asks as park_and_call calls, and makes the call by call_on.
function heddle_morestack
  save_registers frame=1
  save_thread
  subq $MORE_LOCAL_BYTES, %rsp
  movq %rbp, MORE_CALLER(%rbp)
  movq %rcx, MORE_FUNCTION(%rbp)
  movq %rdx, MORE_CONTEXT(%rbp)
  // Which stack to ask on: the system stack, unless the thread is no worker's, runs no fiber, or is on it. rbx: where it is parked, or 0.
  xorl %ebx, %ebx
  call heddle_tls_get
  testq %rax, %rax
  jz 2f
  cmpq $0, THREAD_FIBER(%rax)
  je 2f
  cmpq THREAD_SYSTEM_LO(%rax), %rsp
  jb 1f
  cmpq THREAD_SYSTEM_HI(%rax), %rsp
  jb 2f
1:
  movq THREAD_SYSTEM_SP(%rax), %rbx
  movq %rbx, %rsp
  load_stack_words %rbx
2:
  leaq MORE_QUESTION(%rbp), %rcx
  leaq heddle_new_stack(%rip), %r8
  call heddle_run_below
  testq %rbx, %rbx
  jz 3f
  save_stack_words %rbx
  leaq -MORE_LOCAL_BYTES(%rbp), %rsp
  load_stack_words %rbp
3:
  testq %rax, %rax
  jz 4f
  movq SEGMENT_HI(%rax), %rcx
  movq MORE_FUNCTION(%rbp), %rdx
  movq MORE_CONTEXT(%rbp), %r8
  leaq SEGMENT_BOUNDS(%rax), %r9
  call heddle_call_on
4:
  movq SWAP_RBX(%rbp), %rbx
  leaq SWAP_RBP(%rbp), %rsp
  popq %rbp
  ret
end_function heddle_morestack

// The first frame of every context, entered by the `ret` of a switch; below it there is nothing to unwind to: its own return
// address is 0. It is entered behind its nop: walkers that look for a caller one byte before its pc find this function too.
//   rax transfer   rbx entry   r12 argument   -> never returns
// An exception that no frame of the context takes comes to its handler, as on any thread to that of the system's first
// frame. It jumps to entry with a return address of its own making: a call without its return would leave the processor's
// return stack one off for every return of whoever comes next on it. The prefix makes the jump one that unwinders know as
// the end of an epilogue.
function heddle_context_entry
  .seh_handler heddle_last_handler, @except
  .seh_stackalloc ENTRY_CALLER
  .seh_endprologue
  nop
  movq %rax, %rcx
  movq %r12, %rdx
  leaq 1f(%rip), %rax
  pushq %rax
  rex.W jmp *%rbx
  nop
1:
  ud2
end_function heddle_context_entry
