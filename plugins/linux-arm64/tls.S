// TlsProvider of linux-arm64: one word of thread-local storage, the address of the thread's HeddleThread.
//
// The initial-exec model keeps the offset from the thread pointer in a word that the loader fills once, the same for all
// threads. The thread pointer itself goes through a register here. It cannot grow stale there: a fiber is never moved to
// another thread between two instructions of this module, since inject refuses a pc in it.
#include "frame.h"

  .section .tbss, "awT", %nobits
  .p2align 3
  .globl heddle_tls_slot
  .hidden heddle_tls_slot
  .type heddle_tls_slot, %object
  .size heddle_tls_slot, 8
heddle_tls_slot:
  .zero 8

  .text

.macro slot_offset register
  adrp \register, :gottprel:heddle_tls_slot
  ldr \register, [\register, #:gottprel_lo12:heddle_tls_slot]
.endm

// HeddleThread* heddle_tls_get(void)
//   -> x0 the worker's HeddleThread, null on a thread that is none
function heddle_tls_get
  landing_of_call
  slot_offset x1
  mrs x0, tpidr_el0
  ldr x0, [x0, x1]
  ret
end_function heddle_tls_get

// void heddle_tls_set(HeddleThread* thread)
//   x0 thread
function heddle_tls_set
  landing_of_call
  slot_offset x1
  mrs x2, tpidr_el0
  str x0, [x2, x1]
  ret
end_function heddle_tls_set

// void heddle_tls_clear(void)
function heddle_tls_clear
  landing_of_call
  slot_offset x1
  mrs x2, tpidr_el0
  str xzr, [x2, x1]
  ret
end_function heddle_tls_clear

  end_file
