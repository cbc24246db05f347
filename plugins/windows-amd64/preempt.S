// async_preempt of windows-amd64: the call that inject puts between two instructions of a fiber.
//
// Nothing may be changed that the interrupted code can see: every general register, the flags, every extended component that
// the processor has enabled and the thread's last error come back as they were, on whatever thread the fiber goes on. Inject
// pushes a machine frame, as the processor does at an interrupt: unwinders have a word for it (.seh_pushframe) and take the
// interrupted code to be at its pc, not behind a call; and iretq takes pc, flags and stack pointer off in one instruction,
// with every other register in place.
//
// The extended state goes to the fiber's stack. XSAVEC is given the components of XCR0 without the AMX tiles unless these
// are in use, so that 8 KiB of stack are touched only by fibers that need them. What was not in use is put back into its
// initial state by XRSTOR, which is asked for all components.
// Leaving by NtContinue, with the CONTEXT that the requesting thread has read, was rejected: that has only what the system
// saves, and the call would take twice the stack.
//
// Windows grows a stack page by page, by the guard page that is always the next one below. So each page of the area is
// touched before anything is stored below it.
#include "frame.h"

  .text

// Not called but jumped to, at any instruction: every register is the interrupted code's but rsp.
//   (rsp) a MachineFrame   -> returns to it
function heddle_async_preempt
  .seh_pushframe
  pushq %rbp
  .seh_pushreg %rbp
  subq $PREEMPT_SAVED_BYTES, %rsp
  .seh_stackalloc PREEMPT_SAVED_BYTES
  movq %rsp, %rbp
  .seh_setframe %rbp, 0
  movq %rax, PREEMPT_RAX(%rbp)
  .seh_savereg %rax, PREEMPT_RAX
  movq %rcx, PREEMPT_RCX(%rbp)
  .seh_savereg %rcx, PREEMPT_RCX
  movq %rdx, PREEMPT_RDX(%rbp)
  .seh_savereg %rdx, PREEMPT_RDX
  movq %rbx, PREEMPT_RBX(%rbp)
  .seh_savereg %rbx, PREEMPT_RBX
  movq %rsi, PREEMPT_RSI(%rbp)
  .seh_savereg %rsi, PREEMPT_RSI
  movq %rdi, PREEMPT_RDI(%rbp)
  .seh_savereg %rdi, PREEMPT_RDI
  movq %r8, PREEMPT_R8(%rbp)
  .seh_savereg %r8, PREEMPT_R8
  movq %r9, PREEMPT_R9(%rbp)
  .seh_savereg %r9, PREEMPT_R9
  movq %r10, PREEMPT_R10(%rbp)
  .seh_savereg %r10, PREEMPT_R10
  movq %r11, PREEMPT_R11(%rbp)
  .seh_savereg %r11, PREEMPT_R11
  movq %r12, PREEMPT_R12(%rbp)
  .seh_savereg %r12, PREEMPT_R12
  movq %r13, PREEMPT_R13(%rbp)
  .seh_savereg %r13, PREEMPT_R13
  movq %r14, PREEMPT_R14(%rbp)
  .seh_savereg %r14, PREEMPT_R14
  movq %r15, PREEMPT_R15(%rbp)
  .seh_savereg %r15, PREEMPT_R15
  .seh_endprologue
  cld
  movl %gs:TEB_LAST_ERROR, %eax
  movl %eax, PREEMPT_LAST_ERROR(%rbp)

  // rbx: the SaveArea. esi: its size for the components in eax, edx.
  leaq heddle_save_area(%rip), %rbx
  movl AREA_ALL_LO(%rbx), %eax
  movl AREA_ALL_HI(%rbx), %edx
  movl AREA_FULL_BYTES(%rbx), %esi
  cmpl $SAVE_XSAVEC, AREA_METHOD(%rbx)
  jne 1f
  movl $1, %ecx
  xgetbv
  movl AREA_RARE_LO(%rbx), %ecx
  andl %ecx, %eax
  notl %ecx
  andl AREA_ALL_LO(%rbx), %ecx
  orl %ecx, %eax
  movl AREA_ALL_HI(%rbx), %edx
  cmpl AREA_ALL_LO(%rbx), %eax
  je 1f
  movl AREA_LEAN_BYTES(%rbx), %esi
1:
  // rdi: where the area begins. rcx: goes down to it.
  movq %rsp, %rcx
  movq %rsp, %rdi
  subq %rsi, %rdi
  andq $-XSAVE_ALIGNMENT, %rdi
2:
  subq $PAGE_BYTES, %rcx
  cmpq %rdi, %rcx
  jbe 3f
  testb $0, (%rcx)
  jmp 2b
3:
  testb $0, -HOME_BYTES(%rdi)
  leaq -HOME_BYTES(%rdi), %rsp
  movq %rdi, PREEMPT_AREA(%rbp)
  cmpl $SAVE_FXSAVE, AREA_METHOD(%rbx)
  je 5f
  xorl %ecx, %ecx
  .irp offset, 0, 8, 16, 24, 32, 40, 48, 56
  movq %rcx, XSAVE_LEGACY_BYTES + \offset(%rdi)
  .endr
  cmpl $SAVE_XSAVE, AREA_METHOD(%rbx)
  je 4f
  xsavec64 (%rdi)
  testl $(1 << XSTATE_TILEDATA), %eax
  jz 6f
  tilerelease
  jmp 6f
4:
  xsave64 (%rdi)
  jmp 6f
5:
  fxsave64 (%rdi)
6:
  // What the ABI wants at a call: the x87 stack empty, and upper halves clear so that SSE code is not slowed down.
  fninit
  cmpl $0, AREA_HAS_AVX(%rbx)
  je 7f
  vzeroupper
7:
  call *AREA_PREEMPTED(%rbx)

  movl PREEMPT_LAST_ERROR(%rbp), %eax
  movl %eax, %gs:TEB_LAST_ERROR
  movq PREEMPT_AREA(%rbp), %rdi
  cmpl $SAVE_FXSAVE, AREA_METHOD(%rbx)
  je 8f
  movl AREA_ALL_LO(%rbx), %eax
  movl AREA_ALL_HI(%rbx), %edx
  xrstor64 (%rdi)
  jmp 9f
8:
  fxrstor64 (%rdi)
9:
  movq PREEMPT_RAX(%rbp), %rax
  movq PREEMPT_RCX(%rbp), %rcx
  movq PREEMPT_RDX(%rbp), %rdx
  movq PREEMPT_RBX(%rbp), %rbx
  movq PREEMPT_RSI(%rbp), %rsi
  movq PREEMPT_RDI(%rbp), %rdi
  movq PREEMPT_R8(%rbp), %r8
  movq PREEMPT_R9(%rbp), %r9
  movq PREEMPT_R10(%rbp), %r10
  movq PREEMPT_R11(%rbp), %r11
  movq PREEMPT_R12(%rbp), %r12
  movq PREEMPT_R13(%rbp), %r13
  movq PREEMPT_R14(%rbp), %r14
  movq PREEMPT_R15(%rbp), %r15
  movq %rbp, %rsp
end_function heddle_async_preempt

// The rest of async_preempt. Windows has no word for an epilogue that ends in iretq, so what follows is not one: the two
// functions below have unwind data of their own, which holds at each of their instructions.
function heddle_async_restore, 0
  .seh_pushframe
  .seh_pushreg %rbp
  .seh_stackalloc PREEMPT_SAVED_BYTES
  .seh_endprologue
  movq PREEMPT_RBP(%rsp), %rbp
  addq $PREEMPT_PC, %rsp
end_function heddle_async_restore

function heddle_async_return, 0
  .seh_pushframe
  .seh_endprologue
  iretq
end_function heddle_async_return
