// ContextSwitcher of linux-arm: make, swap, jump, swap_on_top, park_and_call, morestack and the first frame of a context.
//
// A parked context is the frame SWAP_* of frame.h, and HeddleContext::sp its address. All frames have one shape, so
// what unwinders are told of a switch holds for the old stack before the stack pointer changes and for the new one
// afterwards.
//
// The switch ends in a pop of pc, which processors take for a return: the core switches from one place, so the return
// stack predicts it, and it stays aligned for the returns of the core that follow. A pop of pc goes to ARM and to
// Thumb code.
//
// Writing FPSCR drains the pipeline and fibers that change its control bits are rare: it is done only when they differ.
#include "frame.h"

  .text

// Where the registers of a parked frame lie, from the sp before it was pushed.
.macro core_registers_in_frame
  .cfi_offset r4, SWAP_R4 - SWAP_BYTES
  .cfi_offset r5, SWAP_R5 - SWAP_BYTES
  .cfi_offset r6, SWAP_R6 - SWAP_BYTES
  .cfi_offset r7, SWAP_R7 - SWAP_BYTES
  .cfi_offset r8, SWAP_R8 - SWAP_BYTES
  .cfi_offset r9, SWAP_R9 - SWAP_BYTES
  .cfi_offset r10, SWAP_R10 - SWAP_BYTES
  .cfi_offset r11, SWAP_R11 - SWAP_BYTES
  .cfi_offset lr, SWAP_PC - SWAP_BYTES
.endm

.macro vector_registers_in_frame
  .irp n, 0, 1, 2, 3, 4, 5, 6, 7
  .cfi_offset 256 + 8 + \n, SWAP_D8 + 8 * \n - SWAP_BYTES
  .endr
.endm

// Parks the callee-saved registers at sp; r3 is FPSCR.
.macro save_registers
  push {r3-r11, lr}
  .save {r4-r11, lr}
  .pad #4
  .cfi_def_cfa_offset SWAP_CORE_BYTES
  core_registers_in_frame
  vpush {d8-d15}
  .vsave {d8-d15}
  .cfi_def_cfa_offset SWAP_BYTES
  vector_registers_in_frame
.endm

// For a function that finds a parked frame at sp and has pushed none itself.
.macro unwind_parked_frame
  .save {r4-r11, lr}
  .pad #4
  .vsave {d8-d15}
.endm

// What the lower part of the frame holds is in the registers again.
.macro vector_registers_restored
  .irp n, 0, 1, 2, 3, 4, 5, 6, 7
  .cfi_restore 256 + 8 + \n
  .endr
.endm

// Goes to `slow` when the control bits of FPSCR, which is in r3, differ from those of the frame at sp. Clobbers r3;
// \word is then the frame's FPSCR.
.macro compare_control_bits word, slow
  ldr \word, [sp, #SWAP_FPSCR]
  eor r3, r3, \word
  ubfx r3, r3, #FPSCR_CONTROL_LSB, #FPSCR_CONTROL_WIDTH
  cbnz r3, \slow
.endm

// Takes the registers out of the frame at sp and goes on where it was parked; r0 is what its swap returns.
.macro resume
  .cfi_remember_state
  vpop {d8-d15}
  .cfi_def_cfa_offset SWAP_CORE_BYTES
  vector_registers_restored
  pop {r3-r11, pc}
  .cfi_restore_state
.endm

// void heddle_make(HeddleContext* out, void* stack_lo, void* stack_hi, HeddleEntry entry, void* argument)
//   r0 out   r1 stack_lo   r2 stack_hi   r3 entry   (sp) argument
function heddle_make
  bic r2, r2, #7
  subs r2, #SWAP_BYTES + ENTRY_ROOM
  ldr r1, [sp]
  vmrs ip, fpscr
  str ip, [r2, #SWAP_FPSCR]
  str r3, [r2, #SWAP_R4]
  str r1, [r2, #SWAP_R5]
  movs r1, #0
  str r1, [r2, #SWAP_R7]
  str r1, [r2, #SWAP_R11]
  adr r1, fresh_context
  adds r1, #1
  str r1, [r2, #SWAP_PC]
  str r2, [r0]
  bx lr
end_function heddle_make

// void* heddle_swap(HeddleContext* save, const HeddleContext* to, void* transfer)
//   r0 save   r1 to   r2 transfer   -> r0 the transfer of whoever switches back
function heddle_swap
  ldr ip, [r1]
  vmrs r3, fpscr
  save_registers
  str sp, [r0]
  mov sp, ip
  mov r0, r2
  compare_control_bits r1, 2f
1:
  resume
2:
  vmsr fpscr, r1
  b 1b
end_function heddle_swap

// void heddle_jump(const HeddleContext* to, void* transfer)
//   r0 to   r1 transfer
function heddle_jump
  ldr ip, [r0]
  mov sp, ip
  unwind_parked_frame
  .cfi_def_cfa_offset SWAP_BYTES
  core_registers_in_frame
  vector_registers_in_frame
  ldr r3, [sp, #SWAP_FPSCR]
  vmsr fpscr, r3
  mov r0, r1
  resume
end_function heddle_jump

// void* heddle_swap_on_top(HeddleContext* save, const HeddleContext* to, void* (*function)(void*), void* transfer)
//   r0 save   r1 to   r2 function   r3 transfer   -> r0 the transfer of whoever switches back
// The function is called below the parked frame of `to`: an exception that leaves it comes out of the swap in `to`.
function heddle_swap_on_top
  ldr ip, [r1]
  mov r1, r3
  vmrs r3, fpscr
  save_registers
  str sp, [r0]
  mov sp, ip
  mov r0, r1
  compare_control_bits r1, 2f
1:
  blx r2
  resume
2:
  vmsr fpscr, r1
  b 1b
end_function heddle_swap_on_top

// void* heddle_park_and_call(HeddleContext* save, const HeddleContext* on, void* (*function)(void*), void* argument)
//   r0 save   r1 on   r2 function   r3 argument   -> r0 the function's result, or the transfer of whoever switches to save
// The frame that is parked is also the caller's frame of the call. A signal frame, because gdb follows only those to a caller that may
// lie below; no exception passes here, so that the caller's pc is taken for exact does no harm (see call.S).
function heddle_park_and_call
  .cfi_signal_frame
  ldr ip, [r1]
  mov r1, r3
  vmrs r3, fpscr
  save_registers
  str sp, [r0]
  mov r7, sp
  .setfp r7, sp
  .cfi_def_cfa_register r7
  mov sp, ip
  mov r0, r1
  blx r2
  mov sp, r7
  .cfi_def_cfa_register sp
  add sp, sp, #SWAP_BYTES - SWAP_CORE_BYTES
  .cfi_def_cfa_offset SWAP_CORE_BYTES
  vector_registers_restored
  pop {r3-r11, pc}
end_function heddle_park_and_call

// void* heddle_morestack(void* (*function)(void*), void* context)
//   r0 function   r1 context   -> r0 the function's result, or the transfer of whoever switches to the parked caller
// ip, in which compilers pass a static chain, holds the context when function is entered. The two calls on other stacks go through call.S.
function heddle_morestack
  vmrs r3, fpscr
  save_registers
  mov r7, sp
  .setfp r7, sp
  .cfi_def_cfa_register r7
  sub sp, sp, #MORE_LOCAL_BYTES
  str r7, [r7, #MORE_CALLER]
  str r0, [r7, #MORE_FUNCTION]
  str r1, [r7, #MORE_CONTEXT]
  // Which stack to ask on: the system stack, unless the thread is no worker's, runs no fiber, or is on it or on the signal stack.
  bl heddle_tls_get
  cbz r0, 3f
  ldr r2, [r0, #THREAD_FIBER]
  cbz r2, 3f
  mov r3, sp
  ldr r1, [r0, #THREAD_SYSTEM_LO]
  cmp r3, r1
  blo 1f
  ldr r1, [r0, #THREAD_SYSTEM_HI]
  cmp r3, r1
  blo 3f
1:
  ldr r1, [r0, #THREAD_SIGNAL_LO]
  cmp r3, r1
  blo 2f
  ldr r1, [r0, #THREAD_SIGNAL_HI]
  cmp r3, r1
  blo 3f
2:
  ldr r1, [r0, #THREAD_SYSTEM_SP]
  mov sp, r1
3:
  add r0, r7, #MORE_CALLER
  ldr r1, [r7, #MORE_CONTEXT]
  ldr r3, 6f
5:
  add r3, pc
  bl heddle_call_through
  cbz r0, 4f
  ldr r2, [r0, #SEGMENT_HI]
  bic r2, r2, #7
  mov sp, r2
  ldr r0, [r7, #MORE_CONTEXT]
  mov ip, r0
  ldr r3, [r7, #MORE_FUNCTION]
  bl heddle_call_through
4:
  mov sp, r7
  .cfi_def_cfa_register sp
  add sp, sp, #SWAP_BYTES - SWAP_CORE_BYTES
  .cfi_def_cfa_offset SWAP_CORE_BYTES
  vector_registers_restored
  pop {r3-r11, pc}
  .p2align 2
6:
  .word heddle_new_stack - (5b + 4)
end_function heddle_morestack

// The first frame of every context, entered by the return of a switch; below it there is nothing to unwind to. It is
// entered behind its nop: unwinders look for a caller just before its pc, and what is there has to be this function's
// too.
//   r0 transfer   r4 entry   r5 argument   -> never returns
// It jumps to entry with a return address of its own making: a call without its return would leave the processor's
// return stack one off for every return of whoever comes next on it.
function heddle_context_entry
  .cantunwind
  .cfi_undefined lr
  nop
fresh_context:
  mov r1, r5
  adr lr, 1f
  add lr, lr, #1
  bx r4
  nop
  .p2align 2
1:
  udf #0
end_function heddle_context_entry

  .section .note.GNU-stack, "", %progbits
