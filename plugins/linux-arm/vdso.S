// VdsoCaller of linux-arm: both clocks, by the vDSO or by the system call.
//
// How much stack the vDSO needs is written nowhere, so a fiber's call goes on on the worker's system stack, below the
// place where the scheduler was left. It stays on the current stack when
//   - the thread is no worker's, or no fiber runs;
//   - the stack pointer is within the system stack already (foreign code called from a fiber runs there) or within the
//     signal stack, or the bounds of the system stack are not known;
//   - a call is under way (vdso_sp is set): a signal handler interrupted it, and the room below system.sp is in use.
// Around the call the fiber is in the bottom word of the signal stack and the caller's pc and sp are in the
// HeddleThread, where a signal handler finds them; pc is written last and cleared first, so that it is never seen with
// a foreign sp.
//
// Seconds and nanoseconds are 64 bits wide and so is all arithmetic on them, by the call that has them so.
#include "frame.h"

  .text

// The time at \timespec in nanoseconds, in r0 and r1. Clobbers r2, r3, ip.
.macro nanoseconds timespec
  ldrd r2, r3, [\timespec]
  movw ip, #(NANOSECONDS_PER_SECOND & 0xffff)
  movt ip, #(NANOSECONDS_PER_SECOND >> 16)
  umull r0, r1, r2, ip
  mla r1, r3, ip, r1
  ldrd r2, r3, [\timespec, #8]
  adds r0, r0, r2
  adc r1, r1, r3
.endm

// int64_t heddle_vdso_monotonic_ns(void)
//   -> r0, r1 nanoseconds
function heddle_vdso_monotonic_ns
  movs r0, #CLOCK_ID_MONOTONIC
  b heddle_vdso_clock
end_function heddle_vdso_monotonic_ns

// int64_t heddle_vdso_realtime_ns(void)
//   -> r0, r1 nanoseconds
function heddle_vdso_realtime_ns
  movs r0, #CLOCK_ID_REALTIME
  b heddle_vdso_clock
end_function heddle_vdso_realtime_ns

// The common part; lr is the table function's caller.
//   r0 clock id   -> r0, r1 nanoseconds
// Up to the call r1 is the timespec, r2 the stack pointer on entry, ip the vDSO's function; r3 is scratch.
function heddle_vdso_clock
  push {r4, r5, r7, lr}
  .save {r4, r5, r7, lr}
  .cfi_def_cfa_offset 16
  .cfi_offset r4, CLOCK_SAVED_R4 - CLOCK_BYTES
  .cfi_offset r5, CLOCK_SAVED_R5 - CLOCK_BYTES
  .cfi_offset r7, CLOCK_SAVED_R7 - CLOCK_BYTES
  .cfi_offset lr, CLOCK_PC - CLOCK_BYTES
  sub sp, #CLOCK_LOCAL_BYTES
  .pad #CLOCK_LOCAL_BYTES
  .cfi_def_cfa_offset CLOCK_BYTES
  mov r7, sp
  .setfp r7, sp
  .cfi_def_cfa_register r7
  mov r1, r7
  mov r2, r7
  ldr r3, 10f
8:
  add r3, pc
  ldr ip, [r3]
  ldr r4, 11f
9:
  add r4, pc
  ldr r4, [r4]
  mrc p15, 0, r3, c13, c0, 3
  ldr r4, [r3, r4]
  cmp r4, #0
  beq 3f

  // Where to publish the fiber: nowhere without a signal stack, or while running on it.
  ldr r5, [r4, #THREAD_SIGNAL_LO]
  cbz r5, 1f
  cmp r2, r5
  blo 1f
  ldr r3, [r4, #THREAD_SIGNAL_HI]
  cmp r2, r3
  bhs 1f
  movs r5, #0
  b 2f
1:
  // Which stack to call on: see above.
  ldr r3, [r4, #THREAD_VDSO_SP]
  cbnz r3, 2f
  ldr r3, [r4, #THREAD_FIBER]
  cbz r3, 2f
  ldr r3, [r4, #THREAD_SYSTEM_LO]
  cbz r3, 2f
  cmp r2, r3
  blo 4f
  ldr r3, [r4, #THREAD_SYSTEM_HI]
  cmp r2, r3
  blo 2f
4:
  ldr r3, [r4, #THREAD_SYSTEM_SP]
  bic r3, r3, #7
  mov sp, r3
2:
  ldr r3, [r4, #THREAD_VDSO_PC]
  str r3, [r7, #CLOCK_OLD_PC]
  ldr r3, [r4, #THREAD_VDSO_SP]
  str r3, [r7, #CLOCK_OLD_SP]
  movs r3, #0
  str r3, [r4, #THREAD_VDSO_PC]
  add r3, r7, #CLOCK_BYTES
  str r3, [r4, #THREAD_VDSO_SP]
  ldr r3, [r7, #CLOCK_PC]
  str r3, [r4, #THREAD_VDSO_PC]
  cbz r5, 5f
  ldr r3, [r5]
  str r3, [r7, #CLOCK_OLD_WORD]
  ldr r3, [r4, #THREAD_FIBER]
  str r3, [r5]
5:
  mov r3, ip
  bl heddle_call_through
  cbz r5, 6f
  ldr r3, [r7, #CLOCK_OLD_WORD]
  str r3, [r5]
6:
  ldr r2, [r7, #CLOCK_OLD_PC]
  ldr r3, [r7, #CLOCK_OLD_SP]
  movs r0, #0
  str r0, [r4, #THREAD_VDSO_PC]
  str r3, [r4, #THREAD_VDSO_SP]
  str r2, [r4, #THREAD_VDSO_PC]
7:
  nanoseconds r7
  .cfi_remember_state
  add r7, #CLOCK_LOCAL_BYTES
  .cfi_def_cfa r7, CLOCK_BYTES - CLOCK_LOCAL_BYTES
  mov sp, r7
  .cfi_def_cfa_register sp
  pop {r4, r5, r7, pc}
3:
  .cfi_restore_state
  mov r3, ip
  bl heddle_call_through
  b 7b
  .p2align 2
10:
  .word heddle_vdso_clock_gettime - (8b + 4)
11:
  .word heddle_tls_slot(gottpoff) + (. - 9b - 4)
end_function heddle_vdso_clock

// int64_t heddle_syscall_monotonic_ns(void)
//   -> r0, r1 nanoseconds
function heddle_syscall_monotonic_ns
  movs r0, #CLOCK_ID_MONOTONIC
  b heddle_syscall_clock
end_function heddle_syscall_monotonic_ns

// int64_t heddle_syscall_realtime_ns(void)
//   -> r0, r1 nanoseconds
function heddle_syscall_realtime_ns
  movs r0, #CLOCK_ID_REALTIME
  b heddle_syscall_clock
end_function heddle_syscall_realtime_ns

// The kernel has a stack of its own, so there is nothing to change to and nothing to publish. It keeps every register
// but r0. Kernels before 5.1 do not have the wide call, and some sandboxes refuse it: then the narrow one tells the
// time until 2038.
//   r0 clock id   -> r0, r1 nanoseconds
function heddle_syscall_clock
  push {r7, lr}
  .save {r7, lr}
  .cfi_def_cfa_offset 8
  .cfi_offset r7, -8
  .cfi_offset lr, -4
  sub sp, #16
  .pad #16
  .cfi_def_cfa_offset 24
  mov r2, r0
  mov r1, sp
  movw r7, #SYSCALL_CLOCK_GETTIME64
  svc #0
  cbnz r0, 2f
1:
  nanoseconds sp
  .cfi_remember_state
  add sp, #16
  .cfi_def_cfa_offset 8
  pop {r7, pc}
2:
  .cfi_restore_state
  mov r0, r2
  movw r7, #SYSCALL_CLOCK_GETTIME
  svc #0
  ldrd r0, r2, [sp]
  asrs r1, r0, #31
  movs r3, #0
  strd r0, r1, [sp]
  strd r2, r3, [sp, #8]
  b 1b
end_function heddle_syscall_clock

  .section .note.GNU-stack, "", %progbits
