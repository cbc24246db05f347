// ContextSwitcher::call_on of windows-amd64.
//
// Windows dispatches exceptions and unwinds within one stack: both stop at a frame that lies outside the bounds that the
// thread block has. So a call on another stack takes two frames:
//   - heddle_call_on, on the caller's stack, keeps what the thread block said and puts it back;
//   - heddle_call_through, the first frame on the other stack, has a handler, heddle_call_handler in port.cpp. When a C++
//     exception comes that far, the handler unwinds the other stack to heddle_call_through and has it go on at
//     heddle_call_landing; from there the way back is the ordinary one, and heddle_call_on raises the exception anew on the
//     caller's stack.
// What is lost: destructors on the other stack run before it is known whether a caller catches.
// Giving the thread block bounds that span both stacks was rejected: the system takes a frame at a lower address for an inner
// one, and which of the two stacks lies lower is chance.
//
// Walks that only read (RtlVirtualUnwind, debuggers) pass through both frames as through any other.
#include "frame.h"

  .text

// void* heddle_call_on(void* stack_top, void* (*function)(void*), void* argument, HeddleStackBounds* bounds)
//   rcx stack_top   rdx function   r8 argument   r9 bounds   -> rax the function's result
// How large the guard is to be (GuaranteedStackBytes) stays the caller's: the bounds do not say it, and a page is always there.
function heddle_call_on
  pushq %rbp
  .seh_pushreg %rbp
  pushq %rbx
  .seh_pushreg %rbx
  subq $CALL_LOCAL_BYTES, %rsp
  .seh_stackalloc CALL_LOCAL_BYTES
  movq %rsp, %rbp
  .seh_setframe %rbp, 0
  .seh_endprologue
  movq %r9, %rbx
  movq %gs:TEB_STACK_BASE, %rax
  movq %gs:TEB_STACK_LIMIT, %r10
  movq %gs:TEB_DEALLOCATION_STACK, %r11
  movq %rax, CALL_BASE(%rbp)
  movq %r10, CALL_LIMIT(%rbp)
  movq %r11, CALL_ALLOCATION(%rbp)
  movq %gs:TEB_EXCEPTION_LIST, %rax
  movq %rax, CALL_EXCEPTION_LIST(%rbp)
  movq $0, CALL_OBJECT(%rbp)
  andq $-16, %rcx
  movq BOUNDS_BASE(%rbx), %rax
  movq BOUNDS_LIMIT(%rbx), %r10
  movq BOUNDS_ALLOCATION(%rbx), %r11
  movq %rcx, %rsp
  movq %rax, %gs:TEB_STACK_BASE
  movq %r10, %gs:TEB_STACK_LIMIT
  movq %r11, %gs:TEB_DEALLOCATION_STACK
  movq $EXCEPTION_LIST_END, %gs:TEB_EXCEPTION_LIST
  movq %r8, %rcx
  call heddle_call_through
  movq %gs:TEB_STACK_LIMIT, %rcx
  movq %rcx, BOUNDS_LIMIT(%rbx)
  movq CALL_BASE(%rbp), %rcx
  movq CALL_LIMIT(%rbp), %rdx
  movq CALL_ALLOCATION(%rbp), %r8
  movq CALL_EXCEPTION_LIST(%rbp), %r9
  movq %rbp, %rsp
  movq %rcx, %gs:TEB_STACK_BASE
  movq %rdx, %gs:TEB_STACK_LIMIT
  movq %r8, %gs:TEB_DEALLOCATION_STACK
  movq %r9, %gs:TEB_EXCEPTION_LIST
  cmpq $0, CALL_OBJECT(%rbp)
  jne 1f
  leaq CALL_LOCAL_BYTES(%rbp), %rsp
  popq %rbx
  popq %rbp
  ret
1:
  // RaiseException(STATUS_GCC_THROW, 0, 1, &object) returns when nobody takes the exception.
  movl $STATUS_GCC_THROW, %ecx
  xorl %edx, %edx
  movl $1, %r8d
  leaq CALL_OBJECT(%rbp), %r9
  call *__imp_RaiseException(%rip)
  movq CALL_OBJECT(%rbp), %rcx
  call heddle_call_uncaught
  ud2
end_function heddle_call_on

// Calls a function on the stack that its caller has just changed to; not called from C++.
//   rdx function   rcx its argument   rbp the frame of heddle_call_on   -> rax the function's result
// r10, in which compilers pass a static chain, has the argument too: see ContextSwitcher::morestack.
function heddle_call_through
  .seh_handler heddle_call_handler, @except
  subq $THROUGH_BYTES, %rsp
  .seh_stackalloc THROUGH_BYTES
  .seh_endprologue
  movq %rcx, %r10
  call *%rdx
  // A return address at an epilogue is taken for a pc inside it, where no handler is asked.
  nop
1:
  addq $THROUGH_BYTES, %rsp
  ret
  // Where heddle_call_handler has the frame go on.
  //   rax the _Unwind_Exception
  .globl heddle_call_landing
heddle_call_landing:
  movq %rax, CALL_OBJECT(%rbp)
  jmp 1b
end_function heddle_call_through
