// async_preempt of linux-arm64: the call that inject puts between two instructions of a fiber.
//
// Nothing may be changed that the interrupted code can see, and this processor has no jump that leaves every register alone.
// So inject copies the kernel's signal frame to the fiber's stack, and the call ends in rt_sigreturn with that copy: the
// kernel puts back every register that it knows, SVE and SME at their real length, flags, and whether the instruction is the
// target of an indirect branch. Where the frame has records that this port has never heard of, these are put back too.
//
// rt_sigreturn also brings back a signal mask and an alternate stack. Those belong to the thread and not to the fiber, which
// may have moved: both are asked of the thread that it is on now, and written into the copy. No signal that could move it
// once more comes between, as inject refuses a pc in this module.
//
// The frame that the handler returns through says nothing of SVE and SME (inject cut it), so that this code starts outside
// streaming mode and with ZA off. The lazy-save pointer of ZA is taken away by hand, which newer kernels do themselves: the
// core's C++ could not save a ZA that is off.
#include "frame.h"

#define tpidr2 s3_3_c13_c0_5

  .text

// DW_CFA_expression: \column was saved at sp + \offset, which takes two bytes of SLEB128.
.macro saved_at column, offset
  .cfi_escape 0x10, \column, 3, 0x70 + DWARF_SP, ((\offset) & 0x7f) | 0x80, (\offset) >> 7
.endm

// Not called but returned to by the handler, at any instruction: every general register but x29 is the interrupted code's.
//   sp the copy of the signal frame   x29 the frame record in it   -> returns to PREEMPT_PC
function heddle_async_preempt
  .cfi_signal_frame
  .cfi_return_column DWARF_PC
  // DW_CFA_def_cfa_expression: the word at sp + PREEMPT_CFA.
  .cfi_escape 0x0f, 4, 0x70 + DWARF_SP, (PREEMPT_CFA & 0x7f) | 0x80, PREEMPT_CFA >> 7, 0x06
  .irp number, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
  saved_at \number, PREEMPT_X0 + 8 * \number
  .endr
  .irp number, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
  saved_at \number, PREEMPT_X0 + 8 * \number
  .endr
  saved_at DWARF_PC, PREEMPT_PC
  saved_at DWARF_PC_OF_GDB, PREEMPT_PC
  landing_of_call_or_jump
  adrp x9, heddle_save_area
  add x9, x9, #:lo12:heddle_save_area
  ldr x16, [x9, #AREA_PREEMPTED]
  ldr x10, [x9, #AREA_HAS_SME]
  cbz x10, 1f
  mrs x10, tpidr2
  str x10, [sp, #PREEMPT_TPIDR2]
  msr tpidr2, xzr
1:
  blr x16

  adrp x9, heddle_save_area
  add x9, x9, #:lo12:heddle_save_area
  ldr x10, [x9, #AREA_HAS_SME]
  cbz x10, 2f
  ldr x10, [sp, #PREEMPT_TPIDR2]
  msr tpidr2, x10
2:
  // Neither call can fail: they only read, and what they write to is this stack.
  mov x0, #0
  mov x1, #0
  add x2, sp, #PREEMPT_MASK
  mov x3, #KERNEL_SIGSET_BYTES
  mov x8, #SYSCALL_RT_SIGPROCMASK
  svc #0
  mov x0, #0
  add x1, sp, #PREEMPT_STACK
  mov x8, #SYSCALL_SIGALTSTACK
  svc #0
  // Where the fiber was interrupted between ldxr and stxr, on another thread: the stxr must fail. Linux clears the monitor at each
  // return from the kernel, emulators do not.
  clrex
  mov x8, #SYSCALL_RT_SIGRETURN
  svc #0
  brk #0
end_function heddle_async_preempt

  end_file
