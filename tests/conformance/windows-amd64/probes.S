// The loops and probes of machine.hpp.
//
// A loop loads its patterns once, so that what is verified in each turn has gone through all interruptions before it. The
// expected values lie in memory that only one loop at a time uses; comparing with memory leaves every register to the patterns.

  .macro function name
  .globl \name
  .def \name
  .scl 2
  .type 32
  .endef
  .p2align 4
\name:
  .seh_proc \name
  .endm

  .macro end_function name
  .seh_endproc
  .endm

  // As the ABI wants it: what a C++ function may expect to be kept.
  .macro save_callee_saved
  .irp register, rbx, rbp, rdi, rsi, r12, r13, r14, r15
  pushq %\register
  .seh_pushreg %\register
  .endr
  .endm

  .macro restore_callee_saved
  .irp register, r15, r14, r13, r12, rsi, rdi, rbp, rbx
  popq %\register
  .endr
  .endm

  // xmm6 to xmm15, in the 160 bytes at rsp + \at that the function has allocated.
  .macro save_vectors at
  .irp n, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
  movaps %xmm\n, \at + 16 * (\n - 6)(%rsp)
  .seh_savexmm %xmm\n, \at + 16 * (\n - 6)
  .endr
  .endm

  .macro restore_vectors at
  .irp n, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
  movaps \at + 16 * (\n - 6)(%rsp), %xmm\n
  .endr
  .endm

  .section .rdata, "dr"
  .p2align 2
initial_mxcsr:
  .long 0x1f80

  .bss
  .p2align 6
expected:
  .zero 16 * 8
expected_rsp:
  .zero 8
expected_flags:
  .zero 8
stop_pointer:
  .zero 8
seen_flags:
  .zero 8
expected_scratch:
  .zero 8

  .text

  // Counts a register, whose pattern is the next one, and leaves with its number when it holds another.
  //   eax the number of the register before   rcx its pattern
  .macro expect_next register
  incl %eax
  incq %rcx
  cmpq %rcx, \register
  jne 1f
  .endm

// void* probe_chain(void* argument)
//   rcx argument   r10 static chain   -> rax argument if both are the same, else 0
function probe_chain
  .seh_endprologue
  xorl %eax, %eax
  cmpq %rcx, %r10
  cmoveq %r10, %rax
  ret
end_function probe_chain

// uint64_t probe_swap(SwapProbe* probe)
//   rcx probe   -> rax number of the changed register, 0 for none: rbx rbp rdi rsi r12-r15 xmm6-xmm15
// A vector register has one pattern in its low half and the next in its high half.
function probe_swap
  save_callee_saved
  subq $32 + 160 + 8, %rsp
  .seh_stackalloc 32 + 160 + 8
  save_vectors 32
  .seh_endprologue
  movq %rcx, 32 + 160(%rsp)
  movq 32(%rcx), %rax
  .irp n, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
  leaq 2 * (\n - 6) + 9(%rax), %rdx
  movq %rdx, %xmm\n
  leaq 2 * (\n - 6) + 10(%rax), %rdx
  movq %rdx, %xmm0
  punpcklqdq %xmm0, %xmm\n
  .endr
  leaq 1(%rax), %rbx
  leaq 2(%rax), %rbp
  leaq 3(%rax), %rdi
  leaq 4(%rax), %rsi
  leaq 5(%rax), %r12
  leaq 6(%rax), %r13
  leaq 7(%rax), %r14
  leaq 8(%rax), %r15
  movq %rcx, %rax
  movq 8(%rax), %rcx
  movq 16(%rax), %rdx
  movq 24(%rax), %r8
  call *0(%rax)
  movq 32 + 160(%rsp), %r8
  movq %rax, 40(%r8)
  movq 32(%r8), %rcx
  xorl %eax, %eax
  .irp register, rbx, rbp, rdi, rsi, r12, r13, r14, r15
  expect_next %\register
  .endr
  .irp n, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
  movq %xmm\n, %rdx
  expect_next %rdx
  psrldq $8, %xmm\n
  movq %xmm\n, %rdx
  incq %rcx
  cmpq %rcx, %rdx
  jne 1f
  .endr
  xorl %eax, %eax
1:
  restore_vectors 32
  addq $32 + 160 + 8, %rsp
  restore_callee_saved
  ret
end_function probe_swap

  .globl probe_begin
probe_begin:

// uint64_t probe_general(const volatile uint32_t* stop, uint64_t seed)
//   rcx stop   rdx seed   -> rax number of what changed: 1 to 15 a register, 16 rsp, 17 flags
function probe_general
  save_callee_saved
  subq $8, %rsp
  .seh_stackalloc 8
  .seh_endprologue
  movq %rcx, stop_pointer(%rip)
  movq %rsp, expected_rsp(%rip)
  movq %rdx, %rax
  movabsq $0x9e3779b97f4a7c15, %rcx
  addq %rcx, %rax
  movq %rax, expected + 0(%rip)
  addq %rcx, %rax
  movq %rax, expected + 8(%rip)
  addq %rcx, %rax
  movq %rax, expected + 16(%rip)
  addq %rcx, %rax
  movq %rax, expected + 24(%rip)
  addq %rcx, %rax
  movq %rax, expected + 32(%rip)
  addq %rcx, %rax
  movq %rax, expected + 40(%rip)
  addq %rcx, %rax
  movq %rax, expected + 48(%rip)
  addq %rcx, %rax
  movq %rax, expected + 56(%rip)
  addq %rcx, %rax
  movq %rax, expected + 64(%rip)
  addq %rcx, %rax
  movq %rax, expected + 72(%rip)
  addq %rcx, %rax
  movq %rax, expected + 80(%rip)
  addq %rcx, %rax
  movq %rax, expected + 88(%rip)
  addq %rcx, %rax
  movq %rax, expected + 96(%rip)
  addq %rcx, %rax
  movq %rax, expected + 104(%rip)
  addq %rcx, %rax
  movq %rax, expected + 112(%rip)
  // Carry, parity, adjust, zero, sign, overflow and direction: all set in one turn, all clear in the next.
  movq $0x202, expected_flags(%rip)
  movq expected + 0(%rip), %rax
  movq expected + 8(%rip), %rcx
  movq expected + 16(%rip), %rdx
  movq expected + 24(%rip), %rbx
  movq expected + 32(%rip), %rbp
  movq expected + 40(%rip), %rsi
  movq expected + 48(%rip), %rdi
  movq expected + 56(%rip), %r8
  movq expected + 64(%rip), %r9
  movq expected + 72(%rip), %r10
  movq expected + 80(%rip), %r11
  movq expected + 88(%rip), %r12
  movq expected + 96(%rip), %r13
  movq expected + 104(%rip), %r14
  movq expected + 112(%rip), %r15
1:
  // Flags: set, held over instructions that leave them alone, and read. Between push and pop the unwind data is 8 bytes off.
  xorq $0xcd5, expected_flags(%rip)
  pushq expected_flags(%rip)
  popfq
  .rept 64
  nop
  .endr
  pushfq
  cld
  popq seen_flags(%rip)
  cmpq expected + 0(%rip), %rax
  jne 100f
  cmpq expected + 8(%rip), %rcx
  jne 101f
  cmpq expected + 16(%rip), %rdx
  jne 102f
  cmpq expected + 24(%rip), %rbx
  jne 103f
  cmpq expected + 32(%rip), %rbp
  jne 104f
  cmpq expected + 40(%rip), %rsi
  jne 105f
  cmpq expected + 48(%rip), %rdi
  jne 106f
  cmpq expected + 56(%rip), %r8
  jne 107f
  cmpq expected + 64(%rip), %r9
  jne 108f
  cmpq expected + 72(%rip), %r10
  jne 109f
  cmpq expected + 80(%rip), %r11
  jne 110f
  cmpq expected + 88(%rip), %r12
  jne 111f
  cmpq expected + 96(%rip), %r13
  jne 112f
  cmpq expected + 104(%rip), %r14
  jne 113f
  cmpq expected + 112(%rip), %r15
  jne 114f
  cmpq expected_rsp(%rip), %rsp
  jne 116f
  // One register makes room to compare the flags and to look at the stop word.
  movq %rax, expected_scratch(%rip)
  movq seen_flags(%rip), %rax
  xorq expected_flags(%rip), %rax
  testq $0xcd5, %rax
  jne 117f
  movq stop_pointer(%rip), %rax
  cmpl $0, (%rax)
  movq expected_scratch(%rip), %rax
  je 1b
  xorl %eax, %eax
2:
  cld
  addq $8, %rsp
  restore_callee_saved
  ret
100:
  movl $1, %eax
  jmp 2b
101:
  movl $2, %eax
  jmp 2b
102:
  movl $3, %eax
  jmp 2b
103:
  movl $4, %eax
  jmp 2b
104:
  movl $5, %eax
  jmp 2b
105:
  movl $6, %eax
  jmp 2b
106:
  movl $7, %eax
  jmp 2b
107:
  movl $8, %eax
  jmp 2b
108:
  movl $9, %eax
  jmp 2b
109:
  movl $10, %eax
  jmp 2b
110:
  movl $11, %eax
  jmp 2b
111:
  movl $12, %eax
  jmp 2b
112:
  movl $13, %eax
  jmp 2b
113:
  movl $14, %eax
  jmp 2b
114:
  movl $15, %eax
  jmp 2b
116:
  movl $16, %eax
  movq expected_rsp(%rip), %rsp
  jmp 2b
117:
  movl $17, %eax
  jmp 2b
end_function probe_general

// uint64_t probe_extended(ExtendedProbe* probe)
//   rcx probe   -> rax 0, or 1 + the offset of the first word that differs
function probe_extended
  pushq %rbx
  .seh_pushreg %rbx
  subq $160, %rsp
  .seh_stackalloc 160
  save_vectors 0
  .seh_endprologue
  movq 0(%rcx), %r8
  movq 8(%rcx), %r9
  movq 16(%rcx), %r10
  movq 24(%rcx), %r11
  movl $-1, %eax
  movl $-1, %edx
  xrstor64 (%r9)
1:
  movl $-1, %eax
  movl $-1, %edx
  xsave64 (%r10)
  xorl %ecx, %ecx
2:
  movq (%r9,%rcx), %rbx
  cmpq (%r10,%rcx), %rbx
  jne 4f
3:
  addq $8, %rcx
  cmpq %r11, %rcx
  jb 2b
  cmpl $0, (%r8)
  je 1b
  movq $-1, %rcx
5:
  leaq 1(%rcx), %rax
  fninit
  ldmxcsr initial_mxcsr(%rip)
  restore_vectors 0
  addq $160, %rsp
  popq %rbx
  ret
4:
  // MXCSR shares its word with a mask that XRSTOR does not load; which components count as in use is up to the processor.
  cmpq $512, %rcx
  je 3b
  cmpq $24, %rcx
  jne 5b
  cmpl (%r10,%rcx), %ebx
  je 3b
  jmp 5b
end_function probe_extended

// void probe_spin(const volatile uint32_t* stop)
//   rcx stop
function probe_spin
  pushq %rbp
  .seh_pushreg %rbp
  .seh_endprologue
1:
  cmpl $0, (%rcx)
  je 1b
  popq %rbp
  ret
end_function probe_spin

// void probe_leaf(const volatile uint32_t* stop)
//   rcx stop
function probe_leaf
  .seh_endprologue
1:
  cmpl $0, (%rcx)
  je 1b
  ret
end_function probe_leaf

  .globl probe_end
probe_end:

// void load_extended(const void* image)
//   rcx image
// The low halves of xmm6 to xmm15 are the caller's.
function load_extended
  subq $168, %rsp
  .seh_stackalloc 168
  save_vectors 0
  .seh_endprologue
  movl $-1, %eax
  movl $-1, %edx
  xrstor64 (%rcx)
  restore_vectors 0
  addq $168, %rsp
  ret
end_function load_extended
