// VdsoCaller of windows-386: both clocks from the page that the system shares with every process, without a call.
//
// The system writes High2Time, LowPart and High1Time in this order, and they are read in the opposite one: where both high words
// are equal, the low one belongs to them. x86 keeps stores and loads in order.
//
// Nothing is called, so there is neither a stack to change to nor a caller to publish.
#include "frame.h"

  .text

// A KSYSTEM_TIME of the shared page, in ecx (high) and eax (low).
.macro read_system_time address
  jmp 2f
1:
  pause
2:
  movl \address + TIME_HIGH1, %ecx
  movl \address + TIME_LOW, %eax
  cmpl %ecx, \address + TIME_HIGH2
  jne 1b
.endm

// The units in ecx:eax as nanoseconds in edx:eax.
.macro nanoseconds
  imull $NANOSECONDS_PER_UNIT, %ecx, %ecx
  movl $NANOSECONDS_PER_UNIT, %edx
  mull %edx
  addl %ecx, %edx
.endm

// int64_t heddle_vdso_monotonic_ns(void)
//   -> edx:eax nanoseconds
function heddle_vdso_monotonic_ns
  read_system_time SHARED_INTERRUPT_TIME
  nanoseconds
  ret
end_function heddle_vdso_monotonic_ns

// int64_t heddle_vdso_realtime_ns(void)
//   -> edx:eax nanoseconds
function heddle_vdso_realtime_ns
  read_system_time SHARED_SYSTEM_TIME
  subl $UNIX_EPOCH_LO, %eax
  sbbl $UNIX_EPOCH_HI, %ecx
  nanoseconds
  ret
end_function heddle_vdso_realtime_ns
