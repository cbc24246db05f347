// VdsoCaller of linux-arm64: both clocks, by the vDSO or by the system call.
//
// How much stack the vDSO needs is written nowhere, so a fiber's call goes on on the worker's system stack, below the place
// where the scheduler was left. It stays on the current stack when
//   - the thread is no worker's, or no fiber runs;
//   - the stack pointer is within the system stack already (foreign code called from a fiber runs there) or within the
//     signal stack, or the bounds of the system stack are not known;
//   - a call is under way (vdso_sp is set): a signal handler interrupted it, and the room below system.sp is in use.
// Around the call the fiber is in the bottom word of the signal stack and the caller's pc and sp are in the HeddleThread,
// where a signal handler finds them; pc is written last and cleared first, so that it is never seen with a foreign sp.
//
// While the vDSO runs, every register is its own: a handler that interrupts it may trust none. What is needed afterwards is in
// x19, x20 and x29, which the vDSO gives back; x18 is left alone, since it may be the program's shadow call stack.
#include "frame.h"

  .text

// int64_t heddle_vdso_monotonic_ns(void)
//   -> x0 nanoseconds
function heddle_vdso_monotonic_ns
  landing_of_call
  mov w0, #CLOCK_ID_MONOTONIC
  b heddle_vdso_clock
end_function heddle_vdso_monotonic_ns

// int64_t heddle_vdso_realtime_ns(void)
//   -> x0 nanoseconds
function heddle_vdso_realtime_ns
  landing_of_call
  mov w0, #CLOCK_ID_REALTIME
  b heddle_vdso_clock
end_function heddle_vdso_realtime_ns

// The common part; the return address is that of the table function's caller.
//   w0 clock id   -> x0 nanoseconds
function heddle_vdso_clock
  stp x29, x30, [sp, #-CLOCK_BYTES]!
  .cfi_def_cfa_offset CLOCK_BYTES
  .cfi_offset x29, -CLOCK_BYTES
  .cfi_offset x30, 8 - CLOCK_BYTES
  mov x29, sp
  .cfi_def_cfa_register x29
  stp x19, x20, [x29, #CLOCK_SAVED_X19]
  .cfi_offset x19, CLOCK_SAVED_X19 - CLOCK_BYTES
  .cfi_offset x20, CLOCK_SAVED_X20 - CLOCK_BYTES
  add x1, x29, #CLOCK_TIMESPEC
  adrp x16, heddle_vdso_clock_gettime
  ldr x16, [x16, #:lo12:heddle_vdso_clock_gettime]
  adrp x9, :gottprel:heddle_tls_slot
  ldr x9, [x9, #:gottprel_lo12:heddle_tls_slot]
  mrs x10, tpidr_el0
  ldr x19, [x10, x9]
  cbz x19, 3f

  // Where to publish the fiber: nowhere without a signal stack, or while running on it. x29 is sp.
  ldp x20, x9, [x19, #THREAD_SIGNAL_LO]
  cbz x20, 1f
  cmp x29, x20
  b.lo 1f
  cmp x29, x9
  b.hs 1f
  mov x20, #0
  b 2f
1:
  // Which stack to call on: see above. x9, x10: scratch.
  ldr x9, [x19, #THREAD_VDSO_SP]
  cbnz x9, 2f
  ldr x9, [x19, #THREAD_FIBER]
  cbz x9, 2f
  ldp x9, x10, [x19, #THREAD_SYSTEM_LO]
  cbz x9, 2f
  cmp x29, x9
  b.lo 4f
  cmp x29, x10
  b.lo 2f
4:
  ldr x9, [x19, #THREAD_SYSTEM_SP]
  and x9, x9, #-16
  mov sp, x9
2:
  ldp x9, x10, [x19, #THREAD_VDSO_PC]
  stp x9, x10, [x29, #CLOCK_OLD_PC]
  add x10, x29, #CLOCK_BYTES
  str xzr, [x19, #THREAD_VDSO_PC]
  str x10, [x19, #THREAD_VDSO_SP]
  str x30, [x19, #THREAD_VDSO_PC]
  cbz x20, 5f
  ldr x9, [x20]
  str x9, [x29, #CLOCK_OLD_WORD]
  ldr x9, [x19, #THREAD_FIBER]
  str x9, [x20]
5:
  bl heddle_call_through
  cbz x20, 6f
  ldr x9, [x29, #CLOCK_OLD_WORD]
  str x9, [x20]
6:
  ldp x9, x10, [x29, #CLOCK_OLD_PC]
  str xzr, [x19, #THREAD_VDSO_PC]
  str x10, [x19, #THREAD_VDSO_SP]
  str x9, [x19, #THREAD_VDSO_PC]
7:
  ldp x9, x10, [x29, #CLOCK_TIMESPEC]
  nanoseconds x0, x9, x10
  .cfi_remember_state
  ldp x19, x20, [x29, #CLOCK_SAVED_X19]
  .cfi_restore x19
  .cfi_restore x20
  mov sp, x29
  .cfi_def_cfa_register sp
  ldp x29, x30, [sp], #CLOCK_BYTES
  .cfi_def_cfa_offset 0
  .cfi_restore x29
  .cfi_restore x30
  ret
3:
  .cfi_restore_state
  bl heddle_call_through
  b 7b
end_function heddle_vdso_clock

// int64_t heddle_syscall_monotonic_ns(void)
//   -> x0 nanoseconds
function heddle_syscall_monotonic_ns
  landing_of_call
  mov w0, #CLOCK_ID_MONOTONIC
  b heddle_syscall_clock
end_function heddle_syscall_monotonic_ns

// int64_t heddle_syscall_realtime_ns(void)
//   -> x0 nanoseconds
function heddle_syscall_realtime_ns
  landing_of_call
  mov w0, #CLOCK_ID_REALTIME
  b heddle_syscall_clock
end_function heddle_syscall_realtime_ns

// The kernel has a stack of its own, so there is nothing to change to and nothing to publish.
//   w0 clock id   -> x0 nanoseconds
function heddle_syscall_clock
  sub sp, sp, #16
  .cfi_def_cfa_offset 16
  mov x1, sp
  mov x8, #SYSCALL_CLOCK_GETTIME
  svc #0
  ldp x9, x10, [sp], #16
  .cfi_def_cfa_offset 0
  nanoseconds x0, x9, x10
  ret
end_function heddle_syscall_clock

  end_file
