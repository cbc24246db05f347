// TlsProvider of linux-arm: one word of thread-local storage, the address of the thread's HeddleThread.
//
// The initial-exec model keeps the offset from the thread pointer in a word that the loader fills once, the same for
// all threads. The thread pointer itself is read into a register first, and a fiber that were moved to another thread
// behind that would read the slot of the old one: inject refuses the port's own code, so none is.
#include "frame.h"

  .section .tbss, "awT", %nobits
  .p2align 2
  .globl heddle_tls_slot
  .hidden heddle_tls_slot
  .type heddle_tls_slot, %object
  .size heddle_tls_slot, 4
heddle_tls_slot:
  .zero 4

  .text

// HeddleThread* heddle_tls_get(void)
//   -> r0 the worker's HeddleThread, null on a thread that is none
function heddle_tls_get
  ldr r0, 2f
1:
  add r0, pc
  ldr r0, [r0]
  mrc p15, 0, r1, c13, c0, 3
  ldr r0, [r1, r0]
  bx lr
  .p2align 2
2:
  .word heddle_tls_slot(gottpoff) + (. - 1b - 4)
end_function heddle_tls_get

// void heddle_tls_set(HeddleThread* thread)
//   r0 thread
function heddle_tls_set
  ldr r2, 2f
1:
  add r2, pc
  ldr r2, [r2]
  mrc p15, 0, r1, c13, c0, 3
  str r0, [r1, r2]
  bx lr
  .p2align 2
2:
  .word heddle_tls_slot(gottpoff) + (. - 1b - 4)
end_function heddle_tls_set

// void heddle_tls_clear(void)
function heddle_tls_clear
  ldr r2, 2f
1:
  add r2, pc
  ldr r2, [r2]
  mrc p15, 0, r1, c13, c0, 3
  movs r0, #0
  str r0, [r1, r2]
  bx lr
  .p2align 2
2:
  .word heddle_tls_slot(gottpoff) + (. - 1b - 4)
end_function heddle_tls_clear

  .section .note.GNU-stack, "", %progbits
