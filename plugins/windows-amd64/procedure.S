// ProcedureCaller of windows-amd64: the call of a procedure with arguments that are known at run time only.
//
// Whether an argument is floating point, nobody has said: the first four go into both kinds of registers, as into those of a function without a
// prototype. Their values are taken from the procedure's home space, where all the others are copied to as well: so nothing is read
// beyond the words that there are.
#include "frame.h"

  .text

// void heddle_call_procedure(HeddleProcedureCall* call)
//   rcx call
// An exception that leaves the procedure passes through this frame, whose registers lie at rbp.
function heddle_call_procedure
  pushq %rbp
  .seh_pushreg %rbp
  pushq %rbx
  .seh_pushreg %rbx
  subq $8, %rsp
  .seh_stackalloc 8
  movq %rsp, %rbp
  .seh_setframe %rbp, 0
  .seh_endprologue
  movq %rcx, %rbx
  movl PROCEDURE_COUNT(%rbx), %ecx
  movq PROCEDURE_WORDS(%rbx), %rdx
  // Home space for four words at least, and an even number of words.
  leal 1(%rcx), %eax
  andl $-2, %eax
  movl $4, %r8d
  cmpl %r8d, %eax
  cmovbl %r8d, %eax
  shll $3, %eax
  subq %rax, %rsp
  jmp 2f
1:
  movq (%rdx,%rcx,8), %rax
  movq %rax, (%rsp,%rcx,8)
2:
  decl %ecx
  jns 1b
  movq (%rsp), %rcx
  movq 8(%rsp), %rdx
  movq 16(%rsp), %r8
  movq 24(%rsp), %r9
  movq %rcx, %xmm0
  movq %rdx, %xmm1
  movq %r8, %xmm2
  movq %r9, %xmm3
  movl $0, %gs:TEB_LAST_ERROR
  call *PROCEDURE_ADDRESS(%rbx)
  movl %gs:TEB_LAST_ERROR, %ecx
  movl %ecx, PROCEDURE_LAST_ERROR(%rbx)
  movq %rax, PROCEDURE_INTEGER(%rbx)
  movq %xmm0, PROCEDURE_FLOATING(%rbx)
  leaq 8(%rbp), %rsp
  popq %rbx
  popq %rbp
  ret
end_function heddle_call_procedure
