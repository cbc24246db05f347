// The split stacks of linux-amd64, __morestack: what functions call that are compiled with -fsplit-stack and find too little room for their frame. Linked into
// each module that has such code (heddle_split_stack, CMake), where it takes the place of libgcc's.
//
// The compiler's call comes before anything else in the function:
//     r10 = bytes of its frame, r11 = bytes of its arguments on the stack
//     call __morestack
//     ret
//     … the function's body
// So the body begins one byte behind the return address. Its arguments are copied to the new stack, it is called there, and
// with its results this returns to the `ret`, which returns to the function's caller. In a varargs function the body finds the arguments
// on the old stack through rbp, which is the frame pointer of __morestack then, as GCC's config/i386/i386.cc has it. A static chain
// has been put in rax.
#define SAVED_RDI -8
#define SAVED_RSI -16
#define SAVED_RDX -24 /* afterwards: the second word of the result */
#define SAVED_RCX -32
#define SAVED_R8 -40
#define SAVED_R9 -48
#define SAVED_RAX -56 /* afterwards: the first word of the result */
#define SAVED_R11 -64
#define BODY_CFA -72 /* of heddle_split_body */
#define SAVED_XMM0 -208 /* xmm0 to xmm7; the first two are the result's afterwards */
#define LOCAL_BYTES 216
#define BODY_PC 8
#define STACK_ARGUMENTS 24

/* Beside the frame and the arguments: the frames between here and there, and what functions that do not ask may use. */
#define OVERHEAD_BYTES 17408
/* What gold's __morestack_non_split stands for: a function that calls code without split stacks. */
#define UNSPLIT_BYTES 16384

  .text

// The caller's frame is skipped: it has none yet, and would show up twice.
//   r10 bytes of the frame   r11 bytes of arguments on the stack
  .globl __morestack_non_split
  .hidden __morestack_non_split
  .type __morestack_non_split, @function
  .p2align 6
__morestack_non_split:
  .cfi_startproc
  .cfi_def_cfa_offset 16
  addq $UNSPLIT_BYTES, %r10
  jmp __morestack
  .cfi_endproc
  .size __morestack_non_split, . - __morestack_non_split

  .globl __morestack
  .hidden __morestack
  .type __morestack, @function
  .p2align 6
__morestack:
  .cfi_startproc
  .cfi_def_cfa_offset 16
  pushq %rbp
  .cfi_def_cfa_offset 24
  .cfi_offset %rbp, -24
  movq %rsp, %rbp
  .cfi_def_cfa_register %rbp
  subq $LOCAL_BYTES, %rsp
  movq %rdi, SAVED_RDI(%rbp)
  movq %rsi, SAVED_RSI(%rbp)
  movq %rdx, SAVED_RDX(%rbp)
  movq %rcx, SAVED_RCX(%rbp)
  movq %r8, SAVED_R8(%rbp)
  movq %r9, SAVED_R9(%rbp)
  movq %rax, SAVED_RAX(%rbp)
  movq %r11, SAVED_R11(%rbp)
  .irp n, 0, 1, 2, 3, 4, 5, 6, 7
  movups %xmm\n, SAVED_XMM0 + 16 * \n(%rbp)
  .endr
  leaq OVERHEAD_BYTES(%r10, %r11), %rdi
  leaq heddle_split_body(%rip), %rsi
  movq %rbp, %rdx
  call heddle_split_call
  movq SAVED_RAX(%rbp), %rax
  movq SAVED_RDX(%rbp), %rdx
  movups SAVED_XMM0(%rbp), %xmm0
  movups SAVED_XMM0 + 16(%rbp), %xmm1
  movq %rbp, %rsp
  popq %rbp
  .cfi_def_cfa %rsp, 16
  .cfi_restore %rbp
  ret
  .cfi_endproc
  .size __morestack, . - __morestack

// void heddle_split_body(void* frame): on the stack that has room. The body keeps rbp, from which this finds back to its own frame.
//   rdi frame pointer of __morestack
  .globl heddle_split_body
  .hidden heddle_split_body
  .type heddle_split_body, @function
  .p2align 6
heddle_split_body:
  .cfi_startproc
  endbr64
  pushq %rbp
  .cfi_def_cfa_offset 16
  .cfi_offset %rbp, -16
  movq %rdi, %rbp
  leaq 16(%rsp), %rax
  movq %rax, BODY_CFA(%rbp)
  .cfi_escape 0x0f, 4, 0x76, 0xb8, 0x7f, 0x06 // DW_CFA_def_cfa_expression: the word at rbp + BODY_CFA
  movq SAVED_R11(%rbp), %rcx
  subq %rcx, %rsp
  andq $-16, %rsp
  leaq STACK_ARGUMENTS(%rbp), %rsi
  movq %rsp, %rdi
  rep movsb
  movq SAVED_RDI(%rbp), %rdi
  movq SAVED_RSI(%rbp), %rsi
  movq SAVED_RDX(%rbp), %rdx
  movq SAVED_RCX(%rbp), %rcx
  movq SAVED_R8(%rbp), %r8
  movq SAVED_R9(%rbp), %r9
  movq SAVED_RAX(%rbp), %rax
  .irp n, 0, 1, 2, 3, 4, 5, 6, 7
  movups SAVED_XMM0 + 16 * \n(%rbp), %xmm\n
  .endr
  movq BODY_PC(%rbp), %r11
  incq %r11
  notrack call *%r11
  movq %rax, SAVED_RAX(%rbp)
  movq %rdx, SAVED_RDX(%rbp)
  movups %xmm0, SAVED_XMM0(%rbp)
  movups %xmm1, SAVED_XMM0 + 16(%rbp)
  movq BODY_CFA(%rbp), %rsp
  subq $16, %rsp
  popq %rbp
  .cfi_def_cfa %rsp, 8
  .cfi_restore %rbp
  ret
  .cfi_endproc
  .size heddle_split_body, . - heddle_split_body

  .section .note.GNU-stack, "", @progbits
