// VdsoCaller of linux-amd64: both clocks, by the vDSO or by the system call.
//
// How much stack the vDSO needs is written nowhere, so a fiber's call goes on on the worker's system stack, below the place
// where the scheduler was left. It stays on the current stack when
//   - the thread is no worker's, or no fiber runs;
//   - the stack pointer is within the system stack already (foreign code called from a fiber runs there) or within the
//     signal stack, or the bounds of the system stack are not known;
//   - a call is under way (vdso_sp is set): a signal handler interrupted it, and the room below system.sp is in use.
// Around the call the fiber is in the bottom word of the signal stack and the caller's pc and sp are in the HeddleThread,
// where a signal handler finds them; pc is written last and cleared first, so that it is never seen with a foreign sp.
#include "frame.h"

  .text

// int64_t heddle_vdso_monotonic_ns(void)
//   -> rax nanoseconds
function heddle_vdso_monotonic_ns
  endbr64
  movl $CLOCK_ID_MONOTONIC, %edi
  jmp heddle_vdso_clock
end_function heddle_vdso_monotonic_ns

// int64_t heddle_vdso_realtime_ns(void)
//   -> rax nanoseconds
function heddle_vdso_realtime_ns
  endbr64
  movl $CLOCK_ID_REALTIME, %edi
  jmp heddle_vdso_clock
end_function heddle_vdso_realtime_ns

// The common part; the return address is that of the table function's caller.
//   edi clock id   -> rax nanoseconds
function heddle_vdso_clock
  endbr64
  pushq %rbp
  .cfi_def_cfa_offset 16
  .cfi_offset %rbp, -16
  movq %rsp, %rbp
  .cfi_def_cfa_register %rbp
  subq $CLOCK_LOCAL_BYTES, %rsp
  movq %rbx, CLOCK_SAVED_RBX(%rbp)
  .cfi_offset %rbx, CLOCK_SAVED_RBX - 16
  movq %r12, CLOCK_SAVED_R12(%rbp)
  .cfi_offset %r12, CLOCK_SAVED_R12 - 16
  leaq CLOCK_TIMESPEC(%rbp), %rsi
  movq heddle_vdso_clock_gettime(%rip), %rax
  andq $-16, %rsp
  movq heddle_tls_slot@gottpoff(%rip), %rbx
  movq %fs:(%rbx), %rbx
  testq %rbx, %rbx
  jz 3f

  // Where to publish the fiber: nowhere without a signal stack, or while running on it.
  movq THREAD_SIGNAL_LO(%rbx), %r12
  testq %r12, %r12
  jz 1f
  cmpq %r12, %rsp
  jb 1f
  cmpq THREAD_SIGNAL_HI(%rbx), %rsp
  jae 1f
  xorl %r12d, %r12d
  jmp 2f
1:
  // Which stack to call on: see above. ecx, edx: scratch.
  cmpq $0, THREAD_VDSO_SP(%rbx)
  jne 2f
  cmpq $0, THREAD_FIBER(%rbx)
  je 2f
  movq THREAD_SYSTEM_LO(%rbx), %rcx
  testq %rcx, %rcx
  jz 2f
  movq THREAD_SYSTEM_HI(%rbx), %rdx
  cmpq %rcx, %rsp
  jb 4f
  cmpq %rdx, %rsp
  jb 2f
4:
  movq THREAD_SYSTEM_SP(%rbx), %rsp
  subq $RED_ZONE, %rsp
  andq $-16, %rsp
2:
  movq THREAD_VDSO_PC(%rbx), %rcx
  movq %rcx, CLOCK_OLD_PC(%rbp)
  movq THREAD_VDSO_SP(%rbx), %rcx
  movq %rcx, CLOCK_OLD_SP(%rbp)
  movq 8(%rbp), %rcx
  leaq 16(%rbp), %rdx
  movq $0, THREAD_VDSO_PC(%rbx)
  movq %rdx, THREAD_VDSO_SP(%rbx)
  movq %rcx, THREAD_VDSO_PC(%rbx)
  testq %r12, %r12
  jz 5f
  movq (%r12), %rcx
  movq %rcx, CLOCK_OLD_WORD(%rbp)
  movq THREAD_FIBER(%rbx), %rcx
  movq %rcx, (%r12)
5:
  call heddle_call_through
  testq %r12, %r12
  jz 6f
  movq CLOCK_OLD_WORD(%rbp), %rcx
  movq %rcx, (%r12)
6:
  movq CLOCK_OLD_PC(%rbp), %rcx
  movq CLOCK_OLD_SP(%rbp), %rdx
  movq $0, THREAD_VDSO_PC(%rbx)
  movq %rdx, THREAD_VDSO_SP(%rbx)
  movq %rcx, THREAD_VDSO_PC(%rbx)
7:
  imulq $NANOSECONDS_PER_SECOND, CLOCK_TIMESPEC(%rbp), %rax
  addq CLOCK_TIMESPEC + 8(%rbp), %rax
  .cfi_remember_state
  movq CLOCK_SAVED_RBX(%rbp), %rbx
  .cfi_restore %rbx
  movq CLOCK_SAVED_R12(%rbp), %r12
  .cfi_restore %r12
  movq %rbp, %rsp
  popq %rbp
  .cfi_def_cfa %rsp, 8
  .cfi_restore %rbp
  ret
3:
  .cfi_restore_state
  call heddle_call_through
  jmp 7b
end_function heddle_vdso_clock

// int64_t heddle_syscall_monotonic_ns(void)
//   -> rax nanoseconds
function heddle_syscall_monotonic_ns
  endbr64
  movl $CLOCK_ID_MONOTONIC, %edi
  jmp heddle_syscall_clock
end_function heddle_syscall_monotonic_ns

// int64_t heddle_syscall_realtime_ns(void)
//   -> rax nanoseconds
function heddle_syscall_realtime_ns
  endbr64
  movl $CLOCK_ID_REALTIME, %edi
  jmp heddle_syscall_clock
end_function heddle_syscall_realtime_ns

// The kernel has a stack of its own, so there is nothing to change to and nothing to publish.
//   edi clock id   -> rax nanoseconds
function heddle_syscall_clock
  endbr64
  subq $24, %rsp
  .cfi_def_cfa_offset 32
  movq %rsp, %rsi
  movl $SYSCALL_CLOCK_GETTIME, %eax
  syscall
  imulq $NANOSECONDS_PER_SECOND, (%rsp), %rax
  addq 8(%rsp), %rax
  addq $24, %rsp
  .cfi_def_cfa_offset 8
  ret
end_function heddle_syscall_clock

  .section .note.GNU-stack, "", @progbits
