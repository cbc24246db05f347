// See guarded_call.hpp: the handler stands in the function's unwind data.

  .text
  .globl guarded_call
  .def guarded_call
  .scl 2
  .type 32
  .endef
  .seh_proc guarded_call
// void guarded_call(void (*function)(void*), void* argument)
//   rcx function   rdx argument
guarded_call:
  .seh_handler guarded_call_handler, @except
  subq $40, %rsp
  .seh_stackalloc 40
  .seh_endprologue
  movq %rcx, %rax
  movq %rdx, %rcx
  call *%rax
  nop
  addq $40, %rsp
  ret
  .seh_endproc
