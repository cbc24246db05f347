// ContextSwitcher of linux-arm64: make, swap, jump, swap_on_top, park_and_call, morestack and the first frame of a context.
//
// A parked context is the frame SWAP_* of frame.h, and HeddleContext::sp its address. All frames have one shape, so the
// CFI of a switch holds for the old stack before the stack pointer changes and for the new one afterwards.
//
// The switch ends in `ret`, not in a jump through a register: the core switches from one place, so the processor's return
// stack predicts it, and it stays aligned for the returns of the core that follow.
//
// Writing FPCR is slow and fibers that change it are rare: it is written only when the values differ.
//
// The return address in the frame is not signed (PAC). The stack pointer in HeddleContext leads to it unsigned, so whoever
// can write to one can write to the other.
#include "frame.h"

  .text

// Stores the callee-saved registers and the return address below sp, and FPCR, which stays in x4; the CFI follows.
.macro save_registers
  sub sp, sp, #SWAP_BYTES
  .cfi_def_cfa_offset SWAP_BYTES
  stp x29, x30, [sp, #SWAP_FP]
  stp x19, x20, [sp, #SWAP_X19]
  stp x21, x22, [sp, #SWAP_X21]
  stp x23, x24, [sp, #SWAP_X23]
  stp x25, x26, [sp, #SWAP_X25]
  stp x27, x28, [sp, #SWAP_X27]
  stp d8, d9, [sp, #SWAP_D8]
  stp d10, d11, [sp, #SWAP_D10]
  stp d12, d13, [sp, #SWAP_D12]
  stp d14, d15, [sp, #SWAP_D14]
  mrs x4, fpcr
  str x4, [sp, #SWAP_FPCR]
  registers_in_frame
.endm

.macro pair_in_frame first, second, offset
  .cfi_offset \first, \offset - SWAP_BYTES
  .cfi_offset \second, \offset + 8 - SWAP_BYTES
.endm

.macro registers_in_frame
  pair_in_frame x29, x30, SWAP_FP
  pair_in_frame x19, x20, SWAP_X19
  pair_in_frame x21, x22, SWAP_X21
  pair_in_frame x23, x24, SWAP_X23
  pair_in_frame x25, x26, SWAP_X25
  pair_in_frame x27, x28, SWAP_X27
  pair_in_frame d8, d9, SWAP_D8
  pair_in_frame d10, d11, SWAP_D10
  pair_in_frame d12, d13, SWAP_D12
  pair_in_frame d14, d15, SWAP_D14
.endm

// What the frame holds is in the registers again.
.macro registers_restored
  .irp register, x29, x30, x19, x20, x21, x22, x23, x24, x25, x26, x27, x28, d8, d9, d10, d11, d12, d13, d14, d15
  .cfi_restore \register
  .endr
.endm

// Goes to `slow`, with the value to load in x5, when FPCR, which is in x4, differs from that of the frame at \to.
.macro compare_control_word to, slow
  ldr x5, [\to, #SWAP_FPCR]
  cmp x4, x5
  b.ne \slow
.endm

.macro load_control_word back
  msr fpcr, x5
  b \back
.endm

// Takes the registers out of the frame at sp and goes on where it was parked; \result is what its swap returns.
.macro resume result
  ldp x29, x30, [sp, #SWAP_FP]
  ldp x19, x20, [sp, #SWAP_X19]
  ldp x21, x22, [sp, #SWAP_X21]
  ldp x23, x24, [sp, #SWAP_X23]
  ldp x25, x26, [sp, #SWAP_X25]
  ldp x27, x28, [sp, #SWAP_X27]
  ldp d8, d9, [sp, #SWAP_D8]
  ldp d10, d11, [sp, #SWAP_D10]
  ldp d12, d13, [sp, #SWAP_D12]
  ldp d14, d15, [sp, #SWAP_D14]
  .ifnc \result,x0
  mov x0, \result
  .endif
  .cfi_remember_state
  registers_restored
  add sp, sp, #SWAP_BYTES
  .cfi_def_cfa_offset 0
  ret
  .cfi_restore_state
.endm

// void heddle_make(HeddleContext* out, void* stack_lo, void* stack_hi, HeddleEntry entry, void* argument)
//   x0 out   x1 stack_lo   x2 stack_hi   x3 entry   x4 argument
function heddle_make
  landing_of_call
  and x2, x2, #-16
  sub x2, x2, #SWAP_BYTES + TOP_BYTES
  adr x5, heddle_context_entry + ENTRY_SKIP
  mrs x6, fpcr
  stp xzr, x5, [x2, #SWAP_FP]
  stp x3, x4, [x2, #SWAP_X19]
  str x6, [x2, #SWAP_FPCR]
  str x2, [x0]
  ret
end_function heddle_make

// void* heddle_swap(HeddleContext* save, const HeddleContext* to, void* transfer)
//   x0 save   x1 to   x2 transfer   -> x0 the transfer of whoever switches back
function heddle_swap
  landing_of_call
  ldr x3, [x1]
  save_registers
  mov x5, sp
  str x5, [x0]
  compare_control_word x3, 2f
1:
  mov sp, x3
  resume x2
2:
  load_control_word 1b
end_function heddle_swap

// void heddle_jump(const HeddleContext* to, void* transfer)
//   x0 to   x1 transfer
function heddle_jump
  landing_of_call
  ldr x3, [x0]
  mrs x4, fpcr
  mov sp, x3
  .cfi_def_cfa_offset SWAP_BYTES
  registers_in_frame
  compare_control_word x3, 2f
1:
  resume x1
2:
  load_control_word 1b
end_function heddle_jump

// void* heddle_swap_on_top(HeddleContext* save, const HeddleContext* to, void* (*function)(void*), void* transfer)
//   x0 save   x1 to   x2 function   x3 transfer   -> x0 the transfer of whoever switches back
// The function is called below the parked frame of `to`: an exception that leaves it comes out of the swap in `to`.
function heddle_swap_on_top
  landing_of_call
  ldr x6, [x1]
  save_registers
  mov x5, sp
  str x5, [x0]
  compare_control_word x6, 2f
1:
  mov sp, x6
  mov x0, x3
  blr x2
  resume x0
2:
  load_control_word 1b
end_function heddle_swap_on_top

// void* heddle_park_and_call(HeddleContext* save, const HeddleContext* on, void* (*function)(void*), void* argument)
//   x0 save   x1 on   x2 function   x3 argument   -> x0 the function's result, or the transfer of whoever switches to save
// The frame that is parked is also the caller's frame of the call. A signal frame, because gdb follows only those to a caller that may
// lie below; no exception passes here, so that the caller's pc is taken for exact does no harm (see call.S).
function heddle_park_and_call
  .cfi_signal_frame
  landing_of_call
  ldr x6, [x1]
  save_registers
  mov x29, sp
  .cfi_def_cfa_register x29
  str x29, [x0]
  mov sp, x6
  mov x0, x3
  blr x2
  mov sp, x29
  .cfi_def_cfa_register sp
  ldp x29, x30, [sp, #SWAP_FP]
  registers_restored
  add sp, sp, #SWAP_BYTES
  .cfi_def_cfa_offset 0
  ret
end_function heddle_park_and_call

// void* heddle_morestack(void* (*function)(void*), void* context)
//   x0 function   x1 context   -> x0 the function's result, or the transfer of whoever switches to the parked caller
// x18, in which compilers pass a static chain, holds the context throughout. The two calls on other stacks go through call.S.
function heddle_morestack
  landing_of_call
  mov x18, x1
  save_registers
  mov x29, sp
  .cfi_def_cfa_register x29
  sub sp, sp, #MORE_LOCAL_BYTES
  stur x29, [x29, #MORE_CALLER]
  stur x0, [x29, #MORE_FUNCTION]
  stur x18, [x29, #MORE_CONTEXT]
  // Which stack to ask on: the system stack, unless the thread is no worker's, runs no fiber, or is on it or on the signal stack.
  bl heddle_tls_get
  cbz x0, 3f
  ldr x2, [x0, #THREAD_FIBER]
  cbz x2, 3f
  mov x3, sp
  ldp x4, x5, [x0, #THREAD_SYSTEM_LO]
  cmp x3, x4
  b.lo 1f
  cmp x3, x5
  b.lo 3f
1:
  ldp x4, x5, [x0, #THREAD_SIGNAL_LO]
  cmp x3, x4
  b.lo 2f
  cmp x3, x5
  b.lo 3f
2:
  ldr x4, [x0, #THREAD_SYSTEM_SP]
  mov sp, x4
3:
  sub x0, x29, #-MORE_CALLER
  mov x1, x18
  adrp x16, heddle_new_stack
  add x16, x16, #:lo12:heddle_new_stack
  bl heddle_call_through
  cbz x0, 4f
  ldr x2, [x0, #SEGMENT_HI]
  and x2, x2, #-16
  mov sp, x2
  ldur x0, [x29, #MORE_CONTEXT]
  mov x18, x0
  ldur x16, [x29, #MORE_FUNCTION]
  bl heddle_call_through
4:
  mov sp, x29
  .cfi_def_cfa_register sp
  ldp x29, x30, [sp, #SWAP_FP]
  registers_restored
  add sp, sp, #SWAP_BYTES
  .cfi_def_cfa_offset 0
  ret
end_function heddle_morestack

// The first frame of every context, entered by the `ret` of a switch; below it there is nothing to unwind to. It is entered
// behind its nop: unwinders look for a caller one byte before its pc, and that byte has to be this function's too.
//   x0 transfer   x19 entry   x20 argument   -> never returns
// It jumps to entry with a return address of its own making: a call without its return would leave the processor's return
// stack one off for every return of whoever comes next on it. A jump through x16 may land where a call may (BTI).
function heddle_context_entry
  .cfi_undefined x30
  nop
  mov x1, x20
  mov x16, x19
  adr x30, 1f
  br x16
  nop
1:
  brk #0
end_function heddle_context_entry

  end_file
