// async_preempt of linux-amd64: the call that inject puts between two instructions of a fiber.
//
// Nothing may be changed that the interrupted code can see: every general register, the flags, and every extended
// component that the processor has enabled come back as they were, on whatever thread the fiber goes on. The red zone lies
// above the pushed pc and is popped together with it.
//
// The extended state goes to the fiber's stack. XSAVEC is given the components of XCR0 without the AMX tiles unless these
// are in use, so that 8 KiB of stack are touched only by fibers that need them. What was not in use is put back into its
// initial state by XRSTOR, which is asked for all components.
// Copying the kernel's signal frame and leaving by rt_sigreturn was rejected: it also brings back the signal mask and the
// alternate stack of the thread that was interrupted.
#include "frame.h"

  .text

// Not called but jumped to, at any instruction: every register is the interrupted code's.
//   (rsp) the interrupted pc, RED_ZONE bytes below the interrupted stack pointer   -> returns there
function heddle_async_preempt
  .cfi_signal_frame
  .cfi_def_cfa %rsp, PREEMPT_CFA - PREEMPT_PC
  .cfi_offset %rip, PREEMPT_PC - PREEMPT_CFA
  endbr64
  pushfq
  .cfi_adjust_cfa_offset 8
  pushq %rbp
  .cfi_adjust_cfa_offset 8
  .cfi_offset %rbp, PREEMPT_RBP - PREEMPT_CFA
  movq %rsp, %rbp
  .cfi_def_cfa_register %rbp
  cld
  subq $PREEMPT_SAVED_BYTES, %rsp
  movq %rax, PREEMPT_RAX(%rbp)
  .cfi_offset %rax, PREEMPT_RAX - PREEMPT_CFA
  movq %rcx, PREEMPT_RCX(%rbp)
  .cfi_offset %rcx, PREEMPT_RCX - PREEMPT_CFA
  movq %rdx, PREEMPT_RDX(%rbp)
  .cfi_offset %rdx, PREEMPT_RDX - PREEMPT_CFA
  movq %rbx, PREEMPT_RBX(%rbp)
  .cfi_offset %rbx, PREEMPT_RBX - PREEMPT_CFA
  movq %rsi, PREEMPT_RSI(%rbp)
  .cfi_offset %rsi, PREEMPT_RSI - PREEMPT_CFA
  movq %rdi, PREEMPT_RDI(%rbp)
  .cfi_offset %rdi, PREEMPT_RDI - PREEMPT_CFA
  movq %r8, PREEMPT_R8(%rbp)
  .cfi_offset %r8, PREEMPT_R8 - PREEMPT_CFA
  movq %r9, PREEMPT_R9(%rbp)
  .cfi_offset %r9, PREEMPT_R9 - PREEMPT_CFA
  movq %r10, PREEMPT_R10(%rbp)
  .cfi_offset %r10, PREEMPT_R10 - PREEMPT_CFA
  movq %r11, PREEMPT_R11(%rbp)
  .cfi_offset %r11, PREEMPT_R11 - PREEMPT_CFA
  movq %r12, PREEMPT_R12(%rbp)
  .cfi_offset %r12, PREEMPT_R12 - PREEMPT_CFA
  movq %r13, PREEMPT_R13(%rbp)
  .cfi_offset %r13, PREEMPT_R13 - PREEMPT_CFA
  movq %r14, PREEMPT_R14(%rbp)
  .cfi_offset %r14, PREEMPT_R14 - PREEMPT_CFA
  movq %r15, PREEMPT_R15(%rbp)
  .cfi_offset %r15, PREEMPT_R15 - PREEMPT_CFA

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
  subq %rsi, %rsp
  andq $-XSAVE_ALIGNMENT, %rsp
  movq %rsp, PREEMPT_AREA(%rbp)
  cmpl $SAVE_FXSAVE, AREA_METHOD(%rbx)
  je 3f
  xorl %ecx, %ecx
  .irp offset, 0, 8, 16, 24, 32, 40, 48, 56
  movq %rcx, XSAVE_LEGACY_BYTES + \offset(%rsp)
  .endr
  cmpl $SAVE_XSAVE, AREA_METHOD(%rbx)
  je 2f
  xsavec64 (%rsp)
  testl $(1 << XSTATE_TILEDATA), %eax
  jz 4f
  tilerelease
  jmp 4f
2:
  xsave64 (%rsp)
  jmp 4f
3:
  fxsave64 (%rsp)
4:
  // What the ABI wants at a call: the x87 stack empty, and upper halves clear so that SSE code is not slowed down.
  fninit
  cmpl $0, AREA_HAS_AVX(%rbx)
  je 5f
  vzeroupper
5:
  call *AREA_PREEMPTED(%rbx)

  movq PREEMPT_AREA(%rbp), %rsp
  cmpl $SAVE_FXSAVE, AREA_METHOD(%rbx)
  je 6f
  movl AREA_ALL_LO(%rbx), %eax
  movl AREA_ALL_HI(%rbx), %edx
  xrstor64 (%rsp)
  jmp 7f
6:
  fxrstor64 (%rsp)
7:
  movq PREEMPT_RAX(%rbp), %rax
  .cfi_restore %rax
  movq PREEMPT_RCX(%rbp), %rcx
  .cfi_restore %rcx
  movq PREEMPT_RDX(%rbp), %rdx
  .cfi_restore %rdx
  movq PREEMPT_RBX(%rbp), %rbx
  .cfi_restore %rbx
  movq PREEMPT_RSI(%rbp), %rsi
  .cfi_restore %rsi
  movq PREEMPT_RDI(%rbp), %rdi
  .cfi_restore %rdi
  movq PREEMPT_R8(%rbp), %r8
  .cfi_restore %r8
  movq PREEMPT_R9(%rbp), %r9
  .cfi_restore %r9
  movq PREEMPT_R10(%rbp), %r10
  .cfi_restore %r10
  movq PREEMPT_R11(%rbp), %r11
  .cfi_restore %r11
  movq PREEMPT_R12(%rbp), %r12
  .cfi_restore %r12
  movq PREEMPT_R13(%rbp), %r13
  .cfi_restore %r13
  movq PREEMPT_R14(%rbp), %r14
  .cfi_restore %r14
  movq PREEMPT_R15(%rbp), %r15
  .cfi_restore %r15
  movq %rbp, %rsp
  .cfi_def_cfa %rsp, PREEMPT_CFA
  popq %rbp
  .cfi_adjust_cfa_offset -8
  .cfi_restore %rbp
  popfq
  .cfi_adjust_cfa_offset -8
  ret $RED_ZONE
end_function heddle_async_preempt

  .section .note.GNU-stack, "", @progbits
