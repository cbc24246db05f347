// TlsProvider of linux-amd64: one word of thread-local storage, the address of the thread's HeddleThread.
//
// The initial-exec model keeps the offset from the thread pointer in a word that the loader fills once, the same for all
// threads. So a fiber that is moved to another thread between the two instructions of get still reads the right slot.
#include "frame.h"

  .section .tbss, "awT", @nobits
  .p2align 3
  .globl heddle_tls_slot
  .hidden heddle_tls_slot
  .type heddle_tls_slot, @object
  .size heddle_tls_slot, 8
heddle_tls_slot:
  .zero 8

  .text

// HeddleThread* heddle_tls_get(void)
//   -> rax the worker's HeddleThread, null on a thread that is none
function heddle_tls_get
  endbr64
  movq heddle_tls_slot@gottpoff(%rip), %rax
  movq %fs:(%rax), %rax
  ret
end_function heddle_tls_get

// void heddle_tls_set(HeddleThread* thread)
//   rdi thread
function heddle_tls_set
  endbr64
  movq heddle_tls_slot@gottpoff(%rip), %rax
  movq %rdi, %fs:(%rax)
  ret
end_function heddle_tls_set

// void heddle_tls_clear(void)
function heddle_tls_clear
  endbr64
  movq heddle_tls_slot@gottpoff(%rip), %rax
  movq $0, %fs:(%rax)
  ret
end_function heddle_tls_clear

// uintptr_t* heddle_tls_stack_limit(void)
//   -> rax the word __private_ss of the thread's block, with which code that GCC and Clang compile with -fsplit-stack compares rsp
function heddle_tls_stack_limit
  endbr64
  movq %fs:TCB_SELF, %rax
  addq $TCB_STACK_LIMIT, %rax
  ret
end_function heddle_tls_stack_limit

  .section .note.GNU-stack, "", @progbits
