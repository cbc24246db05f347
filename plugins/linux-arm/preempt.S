// async_preempt of linux-arm: the call that inject puts between two instructions of a fiber.
//
// Nothing may be changed that the interrupted code can see, and an instruction of an IT block can be gone back to in
// one way only: by a return from the kernel, which alone can set the IT bits. So inject has copied the kernel's signal
// frame to the fiber's stack, with every register of the interrupted code in it, and async_preempt ends in
// rt_sigreturn of that copy. It saves nothing itself.
//
// rt_sigreturn restores the signal mask and the alternate stack too. Both belong to a thread, and the fiber may be on
// another one by then: the kernel is asked to write those of the thread that it is on into the copy. Meanwhile the
// fiber cannot be moved, since inject refuses the port's own code; that is why the C library has no part in it.
#include "frame.h"

  .text

// Not called but jumped to, at any instruction: every register but sp is the interrupted code's.
//   sp the copied signal frame   -> goes on at the interrupted instruction
// Both kinds of unwind information find the registers in the copy. d8-d15 are left out: where the kernel puts them
// depends on which other records the frame has.
function heddle_async_preempt
  .cfi_signal_frame
  .cfi_return_column 15
  .cfi_def_cfa sp, PREEMPT_BYTES
  .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
  .cfi_offset \n, PREEMPT_R0 + 4 * \n - PREEMPT_BYTES
  .endr
  // pop {pc}, of PREEMPT_RETURN_PC; vsp += what lies between; pop {r0-r3}; pop {r4-r14}. Source: Exception Handling ABI for
  // the Arm Architecture, "Frame unwinding instructions".
  .unwind_raw 0, 0x88, 0x00, (PREEMPT_R0 - PREEMPT_RETURN_PC - 8) / 4, 0xb1, 0x0f, 0x87, 0xff
  ldr r0, 2f
1:
  add r0, pc
  ldr r0, [r0]
  blx r0
  movs r0, #0
  add r1, sp, #PREEMPT_ALTERNATE_STACK
  movs r7, #SYSCALL_SIGALTSTACK
  svc #0
  movs r0, #0
  movs r1, #0
  add r2, sp, #PREEMPT_MASK
  movs r3, #KERNEL_MASK_BYTES
  movs r7, #SYSCALL_RT_SIGPROCMASK
  svc #0
  // Where the fiber was interrupted between ldrex and strex, on another thread: the strex must fail. Linux clears the
  // monitor at each return from the kernel, emulators do not.
  clrex
  movs r7, #SYSCALL_RT_SIGRETURN
  svc #0
  .p2align 2
2:
  .word heddle_preempted - (1b + 4)
end_function heddle_async_preempt

  .section .note.GNU-stack, "", %progbits
