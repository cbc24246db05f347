// VdsoCaller of windows-amd64: both clocks of the page of shared user data, which the kernel maps into every process at a
// fixed address and writes at every tick of its own. That takes no call and no stack, so there is nothing to change to and
// nothing to publish.
//
// The kernel writes a time as High2, Low, High1; a reader takes it in the opposite order, and again when the two high words
// differ.
#include "frame.h"

  .text

// Reads the KSYSTEM_TIME at \address into rax. Clobbers rcx, rdx.
.macro read_time address
1:
  movl \address + TIME_HIGH1, %ecx
  movl \address + TIME_LOW, %eax
  movl \address + TIME_HIGH2, %edx
  cmpl %edx, %ecx
  je 2f
  pause
  jmp 1b
2:
  shlq $32, %rcx
  orq %rcx, %rax
.endm

// int64_t heddle_vdso_monotonic_ns(void)
//   -> rax nanoseconds
function heddle_vdso_monotonic_ns
  .seh_endprologue
  read_time SHARED_INTERRUPT_TIME
  imulq $NANOSECONDS_PER_UNIT, %rax, %rax
  ret
end_function heddle_vdso_monotonic_ns

// int64_t heddle_vdso_realtime_ns(void)
//   -> rax nanoseconds since 1970
function heddle_vdso_realtime_ns
  .seh_endprologue
  read_time SHARED_SYSTEM_TIME
  movabsq $UNITS_TO_1970, %rcx
  subq %rcx, %rax
  imulq $NANOSECONDS_PER_UNIT, %rax, %rax
  ret
end_function heddle_vdso_realtime_ns
