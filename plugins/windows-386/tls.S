// TlsProvider of windows-386: one word of thread-local storage, the address of the thread's HeddleThread.
//
// The word is one that TlsAlloc has given out, or the arbitrary pointer of the thread block. Where it lies within the block, its
// offset is the same for all threads and one instruction reads it, so a fiber that is moved to another thread between any two
// instructions of get still reads the right one. An expansion slot takes two, for its array is each thread's own; a fiber that
// were moved in between would read the slot of its old thread: inject refuses the port's own code, so none is.
//
// A thread that has never stored in an expansion slot has no array: its slots are null.
#include "frame.h"

  .data
  .p2align 2
  .globl _heddle_tls_offset
_heddle_tls_offset:
  .long 0
  .globl _heddle_tls_expansion
_heddle_tls_expansion:
  .long 0

  .text

// HeddleThread* heddle_tls_get(void)
//   -> eax the worker's HeddleThread, null on a thread that is none
function heddle_tls_get
  movl _heddle_tls_offset, %eax
  testl %eax, %eax
  jz 1f
  movl %fs:(%eax), %eax
  ret
1:
  movl %fs:TEB_TLS_EXPANSION_SLOTS, %eax
  testl %eax, %eax
  jz 2f
  movl _heddle_tls_expansion, %ecx
  movl (%eax,%ecx), %eax
2:
  ret
end_function heddle_tls_get

// void heddle_tls_set(HeddleThread* thread)
//   4(esp) thread
function heddle_tls_set
  movl 4(%esp), %edx
  movl _heddle_tls_offset, %eax
  testl %eax, %eax
  jz 1f
  movl %edx, %fs:(%eax)
  ret
1:
  movl %fs:TEB_TLS_EXPANSION_SLOTS, %eax
  movl _heddle_tls_expansion, %ecx
  movl %edx, (%eax,%ecx)
  ret
end_function heddle_tls_set

// void heddle_tls_clear(void)
function heddle_tls_clear
  movl _heddle_tls_offset, %eax
  testl %eax, %eax
  jz 1f
  movl $0, %fs:(%eax)
  ret
1:
  movl %fs:TEB_TLS_EXPANSION_SLOTS, %eax
  testl %eax, %eax
  jz 2f
  movl _heddle_tls_expansion, %ecx
  movl $0, (%eax,%ecx)
2:
  ret
end_function heddle_tls_clear
