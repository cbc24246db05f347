// async_preempt of windows-386: the call that inject puts between two instructions of a fiber.
//
// Nothing may be changed that the interrupted code can see: every general register, the flags, the last error and every extended
// component that 32-bit code can hold come back as they were, on whatever thread the fiber goes on.
//
// inject pushes eip, cs and eflags as an interrupt does, and `iretl` takes all three at once: a popped AC or TF would else act on
// the return itself.
//
// The extended state goes to the fiber's stack, which Windows grows page by page, when the guard page below the last one is
// touched: the area is touched page by page from above before it is filled.
#include "frame.h"

  .text

// Not called but jumped to, at any instruction: every register is the interrupted code's.
//   (esp) eip, cs and eflags of the interrupted code, which end at its stack pointer   -> goes on there
function heddle_async_preempt
  .cfi_signal_frame
  .cfi_def_cfa %esp, PREEMPT_CFA - PREEMPT_PC
  .cfi_offset %eip, PREEMPT_PC - PREEMPT_CFA
  pushl %ebp
  .cfi_adjust_cfa_offset 4
  .cfi_offset %ebp, PREEMPT_EBP - PREEMPT_CFA
  movl %esp, %ebp
  .cfi_def_cfa_register %ebp
  cld
  subl $PREEMPT_SAVED_BYTES, %esp
  movl %eax, PREEMPT_EAX(%ebp)
  .cfi_offset %eax, PREEMPT_EAX - PREEMPT_CFA
  movl %ecx, PREEMPT_ECX(%ebp)
  .cfi_offset %ecx, PREEMPT_ECX - PREEMPT_CFA
  movl %edx, PREEMPT_EDX(%ebp)
  .cfi_offset %edx, PREEMPT_EDX - PREEMPT_CFA
  movl %ebx, PREEMPT_EBX(%ebp)
  .cfi_offset %ebx, PREEMPT_EBX - PREEMPT_CFA
  movl %esi, PREEMPT_ESI(%ebp)
  .cfi_offset %esi, PREEMPT_ESI - PREEMPT_CFA
  movl %edi, PREEMPT_EDI(%ebp)
  .cfi_offset %edi, PREEMPT_EDI - PREEMPT_CFA
  movl %fs:TEB_LAST_ERROR, %eax
  movl %eax, PREEMPT_LAST_ERROR(%ebp)

  // ebx: the SaveArea. ecx: where the area will lie.
  movl $_heddle_save_area, %ebx
  movl %esp, %ecx
  subl AREA_BYTES(%ebx), %ecx
  andl $-XSAVE_ALIGNMENT, %ecx
1:
  orl $0, (%esp)
  subl $PAGE_BYTES, %esp
  cmpl %ecx, %esp
  ja 1b
  movl %ecx, %esp
  orl $0, (%esp)
  movl %esp, PREEMPT_AREA(%ebp)
  movl AREA_ALL_LO(%ebx), %eax
  movl AREA_ALL_HI(%ebx), %edx
  cmpl $SAVE_FXSAVE, AREA_METHOD(%ebx)
  je 3f
  xorl %ecx, %ecx
  .irp offset, 0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 48, 52, 56, 60
  movl %ecx, XSAVE_LEGACY_BYTES + \offset(%esp)
  .endr
  cmpl $SAVE_XSAVE, AREA_METHOD(%ebx)
  je 2f
  xsavec (%esp)
  jmp 4f
2:
  xsave (%esp)
  jmp 4f
3:
  fxsave (%esp)
4:
  // What the ABI wants at a call: the x87 stack empty, and upper halves clear so that SSE code is not slowed down.
  fninit
  cmpl $0, AREA_HAS_AVX(%ebx)
  je 5f
  vzeroupper
5:
  call *AREA_PREEMPTED(%ebx)

  movl PREEMPT_AREA(%ebp), %esp
  cmpl $SAVE_FXSAVE, AREA_METHOD(%ebx)
  je 6f
  movl AREA_ALL_LO(%ebx), %eax
  movl AREA_ALL_HI(%ebx), %edx
  xrstor (%esp)
  jmp 7f
6:
  fxrstor (%esp)
7:
  movl PREEMPT_LAST_ERROR(%ebp), %eax
  movl %eax, %fs:TEB_LAST_ERROR
  movl PREEMPT_EAX(%ebp), %eax
  .cfi_restore %eax
  movl PREEMPT_ECX(%ebp), %ecx
  .cfi_restore %ecx
  movl PREEMPT_EDX(%ebp), %edx
  .cfi_restore %edx
  movl PREEMPT_EBX(%ebp), %ebx
  .cfi_restore %ebx
  movl PREEMPT_ESI(%ebp), %esi
  .cfi_restore %esi
  movl PREEMPT_EDI(%ebp), %edi
  .cfi_restore %edi
  movl %ebp, %esp
  .cfi_def_cfa %esp, PREEMPT_CFA
  popl %ebp
  .cfi_adjust_cfa_offset -4
  .cfi_restore %ebp
  iretl
end_function heddle_async_preempt
