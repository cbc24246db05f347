// ProcedureCaller of windows-386: the call of a procedure with arguments that are known at run time only.
//
// All of them lie on the stack. Whether the procedure removes them (stdcall) or its caller does (cdecl), nobody has said: the stack pointer
// comes back from the frame pointer, which either keeps.
#include "frame.h"

  .text

// void heddle_call_procedure(HeddleProcedureCall* call)
//   8(ebp) call
// An exception that leaves the procedure passes through this frame, whose registers lie at ebp.
function heddle_call_procedure
  pushl %ebp
  .cfi_def_cfa_offset 8
  .cfi_offset %ebp, -8
  movl %esp, %ebp
  .cfi_def_cfa_register %ebp
  pushl %ebx
  .cfi_offset %ebx, -12
  movl 8(%ebp), %ebx
  movl PROCEDURE_COUNT(%ebx), %ecx
  movl PROCEDURE_WORDS(%ebx), %edx
  leal (,%ecx,4), %eax
  subl %eax, %esp
  andl $-16, %esp
  jmp 2f
1:
  movl (%edx,%ecx,4), %eax
  movl %eax, (%esp,%ecx,4)
2:
  decl %ecx
  jns 1b
  movl $0, %fs:TEB_LAST_ERROR
  call *PROCEDURE_ADDRESS(%ebx)
  movl %fs:TEB_LAST_ERROR, %ecx
  movl %ecx, PROCEDURE_LAST_ERROR(%ebx)
  movl %eax, PROCEDURE_INTEGER(%ebx)
  movl %edx, PROCEDURE_INTEGER + 4(%ebx)
  cmpl $PROCEDURE_RESULT_FLOAT, PROCEDURE_RESULT(%ebx)
  jb 4f
  je 3f
  fstpl PROCEDURE_FLOATING(%ebx)
  jmp 4f
3:
  // By one rounding: the procedure may leave more digits than its type has.
  fstps PROCEDURE_FLOATING(%ebx)
4:
  // A floating result that nobody has asked for would be left in the x87 stack, which is full after eight of them.
  emms
  leal -4(%ebp), %esp
  popl %ebx
  .cfi_restore %ebx
  popl %ebp
  .cfi_def_cfa %esp, 4
  .cfi_restore %ebp
  ret
end_function heddle_call_procedure
