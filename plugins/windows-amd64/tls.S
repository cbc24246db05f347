// TlsProvider of windows-amd64: one word of thread-local storage, the address of the thread's HeddleThread.
//
// The word is a slot of TlsAlloc, read where TlsGetValue finds it: TlsGetValue would reset the thread's last error. The
// first 64 slots lie in the thread block; the others in an array that a thread gets with its first TlsSetValue, so on a
// thread without the array every one of them is null. A fiber that is moved to another thread between two instructions of
// get would read the other thread's slot or array: the port's code is never preempted.
#include "frame.h"

  .data
  .globl heddle_tls_offset
  .globl heddle_tls_expansion
  .p2align 2
heddle_tls_offset:
  .long 0
heddle_tls_expansion:
  .long 0

  .text

// HeddleThread* heddle_tls_get(void)
//   -> rax the worker's HeddleThread, null on a thread that is none
function heddle_tls_get
  .seh_endprologue
  movl heddle_tls_offset(%rip), %eax
  testl %eax, %eax
  jz 1f
  movq %gs:(%rax), %rax
  ret
1:
  movq %gs:TEB_TLS_EXPANSION_SLOTS, %rax
  testq %rax, %rax
  jz 2f
  movl heddle_tls_expansion(%rip), %ecx
  movq (%rax,%rcx), %rax
2:
  ret
end_function heddle_tls_get

// void heddle_tls_set(HeddleThread* thread)
//   rcx thread
function heddle_tls_set
  .seh_endprologue
  movl heddle_tls_offset(%rip), %eax
  testl %eax, %eax
  jz 1f
  movq %rcx, %gs:(%rax)
  ret
1:
  movq %gs:TEB_TLS_EXPANSION_SLOTS, %rax
  movl heddle_tls_expansion(%rip), %edx
  movq %rcx, (%rax,%rdx)
  ret
end_function heddle_tls_set

// void heddle_tls_clear(void)
function heddle_tls_clear
  .seh_endprologue
  movl heddle_tls_offset(%rip), %eax
  testl %eax, %eax
  jz 1f
  movq $0, %gs:(%rax)
  ret
1:
  movq %gs:TEB_TLS_EXPANSION_SLOTS, %rax
  testq %rax, %rax
  jz 2f
  movl heddle_tls_expansion(%rip), %ecx
  movq $0, (%rax,%rcx)
2:
  ret
end_function heddle_tls_clear
