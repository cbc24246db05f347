// ContextSwitcher::call_on of linux-arm, and the frame through which every call on another stack goes.
//
// gdb wants two things of a change of stack that do not go together in one frame:
//   - it stops with "previous frame inner to this frame" where a caller lies below its callee, unless the frame
//     between is a signal frame (.cfi_signal_frame);
//   - the caller of a signal frame is taken to be stopped *at* its pc and not behind a call, which would be wrong for
//     a C++ function that ends in the call of call_on.
// So there are two frames: heddle_call_on is an ordinary one on the caller's stack, and heddle_call_through, a signal
// frame at the top of the other stack, stands between it and the function. The EHABI's tables, which exceptions use,
// know neither.
#include "frame.h"

  .text

// void* heddle_call_on(void* stack_top, void* (*function)(void*), void* argument)
//   r0 stack_top   r1 function   r2 argument   -> r0 the function's result
function heddle_call_on
  push {r7, lr}
  .save {r7, lr}
  .cfi_def_cfa_offset 8
  .cfi_offset r7, -8
  .cfi_offset lr, -4
  mov r7, sp
  .setfp r7, sp
  .cfi_def_cfa_register r7
  bic r0, r0, #7
  mov sp, r0
  mov r3, r1
  mov r0, r2
  bl heddle_call_through
  mov sp, r7
  .cfi_def_cfa_register sp
  pop {r7, pc}
end_function heddle_call_on

// Calls a function on the stack that its caller has just changed to; not called from C++.
//   r3 function   r0 to r2 and ip as the function wants them   -> r0, r1 the function's result
function heddle_call_through
  .cfi_signal_frame
  push {r3, lr}
  .save {lr}
  .pad #4
  .cfi_def_cfa_offset 8
  .cfi_offset lr, -4
  blx r3
  pop {r3, pc}
end_function heddle_call_through

// Calls a function with the interrupted code as its caller's caller, for unwinders that only read the tables of the EHABI. gdb reads the CFI,
// and comes to the same code through the kernel's signal frame.
// void heddle_call_interrupted(const InterruptedFrame* frame, void* (*function)(void*), void* argument)
//   r0 frame   r1 function   r2 argument
function heddle_call_interrupted
  // pop {pc}; pop {r0-r3}; pop {r4-r14}, of the copy
  .unwind_raw 0, 0x88, 0x00, 0xb1, 0x0f, 0x87, 0xff
  push {r4, lr}
  .cfi_def_cfa_offset 8
  .cfi_offset r4, -8
  .cfi_offset lr, -4
  sub sp, #INTERRUPTED_BYTES
  .cfi_def_cfa_offset INTERRUPTED_BYTES + 8
  mov ip, r1
  mov r4, r2
  mov r1, sp
  movs r2, #INTERRUPTED_BYTES / 8
1:
  ldmia r0!, {r3, lr}
  stmia r1!, {r3, lr}
  subs r2, #1
  bne 1b
  mov r0, r4
  blx ip
  add sp, #INTERRUPTED_BYTES
  .cfi_def_cfa_offset 8
  pop {r4, pc}
end_function heddle_call_interrupted

  .section .note.GNU-stack, "", %progbits
