// The loops and probes of machine.hpp.
//
// A loop loads its patterns once, so that what is verified in each turn has gone through all interruptions before it. The
// expected values lie in memory that only one loop at a time uses; comparing with memory leaves every register to the patterns.

  .macro function name
  .globl \name
  .type \name, @function
  .p2align 4
\name:
  .cfi_startproc
  endbr64
  .endm

  .macro end_function name
  .cfi_endproc
  .size \name, . - \name
  .endm

  // As the ABI wants it: what a C++ function may expect to be kept.
  .macro save_callee_saved
  .irp register, rbx, rbp, r12, r13, r14, r15
  pushq %\register
  .cfi_adjust_cfa_offset 8
  .cfi_rel_offset %\register, 0
  .endr
  .endm

  .macro restore_callee_saved
  .irp register, r15, r14, r13, r12, rbp, rbx
  popq %\register
  .cfi_adjust_cfa_offset -8
  .cfi_restore %\register
  .endr
  .endm

  .section .rodata
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

// void* probe_chain(void* argument)
//   rdi argument   r10 static chain   -> rax argument if both are the same, else 0
function probe_chain
  xorl %eax, %eax
  cmpq %rdi, %r10
  cmoveq %r10, %rax
  ret
end_function probe_chain

// uint64_t probe_swap(SwapProbe* probe)
//   rdi probe   -> rax number of the changed register, 0 for none
function probe_swap
  save_callee_saved
  pushq %rdi
  .cfi_adjust_cfa_offset 8
  movq 32(%rdi), %rax
  leaq 1(%rax), %rbx
  leaq 2(%rax), %rbp
  leaq 3(%rax), %r12
  leaq 4(%rax), %r13
  leaq 5(%rax), %r14
  leaq 6(%rax), %r15
  movq 8(%rdi), %rsi
  movq 0(%rdi), %r8
  movq 24(%rdi), %rdx
  movq 16(%rdi), %rcx
  movq %rsi, %rdi
  movq %rcx, %rsi
  call *%r8
  movq (%rsp), %rdi
  movq %rax, 40(%rdi)
  movq 32(%rdi), %rcx
  xorl %eax, %eax
  incl %eax
  incq %rcx
  cmpq %rcx, %rbx
  jne 1f
  incl %eax
  incq %rcx
  cmpq %rcx, %rbp
  jne 1f
  incl %eax
  incq %rcx
  cmpq %rcx, %r12
  jne 1f
  incl %eax
  incq %rcx
  cmpq %rcx, %r13
  jne 1f
  incl %eax
  incq %rcx
  cmpq %rcx, %r14
  jne 1f
  incl %eax
  incq %rcx
  cmpq %rcx, %r15
  jne 1f
  xorl %eax, %eax
1:
  addq $8, %rsp
  .cfi_adjust_cfa_offset -8
  restore_callee_saved
  ret
end_function probe_swap

  .globl probe_begin
probe_begin:

// uint64_t probe_general(const volatile uint32_t* stop, uint64_t seed)
//   rdi stop   rsi seed   -> rax number of what changed: 1 to 15 a register, 16 rsp, 17 flags, 18 and up the red zone
function probe_general
  save_callee_saved
  subq $136, %rsp
  .cfi_adjust_cfa_offset 136
  movq %rdi, stop_pointer(%rip)
  movq %rsp, expected_rsp(%rip)
  movq %rsi, %rax
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
  movq $0x5a0202a5, -16(%rsp)
  movq $0x5a0303a5, -24(%rsp)
  movq $0x5a0404a5, -32(%rsp)
  movq $0x5a0505a5, -40(%rsp)
  movq $0x5a0606a5, -48(%rsp)
  movq $0x5a0707a5, -56(%rsp)
  movq $0x5a0808a5, -64(%rsp)
  movq $0x5a0909a5, -72(%rsp)
  movq $0x5a0a0aa5, -80(%rsp)
  movq $0x5a0b0ba5, -88(%rsp)
  movq $0x5a0c0ca5, -96(%rsp)
  movq $0x5a0d0da5, -104(%rsp)
  movq $0x5a0e0ea5, -112(%rsp)
  movq $0x5a0f0fa5, -120(%rsp)
  movq $0x5a1010a5, -128(%rsp)
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
  // Flags: set, held over instructions that leave them alone, and read. The push and pop use the word at -8 only.
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
  cmpq $0x5a0202a5, -16(%rsp)
  jne 118f
  cmpq $0x5a0303a5, -24(%rsp)
  jne 119f
  cmpq $0x5a0404a5, -32(%rsp)
  jne 120f
  cmpq $0x5a0505a5, -40(%rsp)
  jne 121f
  cmpq $0x5a0606a5, -48(%rsp)
  jne 122f
  cmpq $0x5a0707a5, -56(%rsp)
  jne 123f
  cmpq $0x5a0808a5, -64(%rsp)
  jne 124f
  cmpq $0x5a0909a5, -72(%rsp)
  jne 125f
  cmpq $0x5a0a0aa5, -80(%rsp)
  jne 126f
  cmpq $0x5a0b0ba5, -88(%rsp)
  jne 127f
  cmpq $0x5a0c0ca5, -96(%rsp)
  jne 128f
  cmpq $0x5a0d0da5, -104(%rsp)
  jne 129f
  cmpq $0x5a0e0ea5, -112(%rsp)
  jne 130f
  cmpq $0x5a0f0fa5, -120(%rsp)
  jne 131f
  cmpq $0x5a1010a5, -128(%rsp)
  jne 132f
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
  addq $136, %rsp
  .cfi_remember_state
  .cfi_adjust_cfa_offset -136
  restore_callee_saved
  ret
  .cfi_restore_state
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
118:
  movl $18, %eax
  jmp 2b
119:
  movl $19, %eax
  jmp 2b
120:
  movl $20, %eax
  jmp 2b
121:
  movl $21, %eax
  jmp 2b
122:
  movl $22, %eax
  jmp 2b
123:
  movl $23, %eax
  jmp 2b
124:
  movl $24, %eax
  jmp 2b
125:
  movl $25, %eax
  jmp 2b
126:
  movl $26, %eax
  jmp 2b
127:
  movl $27, %eax
  jmp 2b
128:
  movl $28, %eax
  jmp 2b
129:
  movl $29, %eax
  jmp 2b
130:
  movl $30, %eax
  jmp 2b
131:
  movl $31, %eax
  jmp 2b
132:
  movl $32, %eax
  jmp 2b
end_function probe_general

// uint64_t probe_extended(ExtendedProbe* probe)
//   rdi probe   -> rax 0, or 1 + the offset of the first word that differs
function probe_extended
  pushq %rbx
  .cfi_adjust_cfa_offset 8
  .cfi_rel_offset %rbx, 0
  movq 0(%rdi), %r8
  movq 8(%rdi), %r9
  movq 16(%rdi), %r10
  movq 24(%rdi), %r11
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
  popq %rbx
  .cfi_adjust_cfa_offset -8
  .cfi_restore %rbx
  ret
4:
  .cfi_adjust_cfa_offset 8
  .cfi_rel_offset %rbx, 0
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
//   rdi stop
function probe_spin
  pushq %rbp
  .cfi_adjust_cfa_offset 8
  .cfi_rel_offset %rbp, 0
1:
  cmpl $0, (%rdi)
  je 1b
  popq %rbp
  .cfi_adjust_cfa_offset -8
  .cfi_restore %rbp
  ret
end_function probe_spin

// void probe_leaf(const volatile uint32_t* stop)
//   rdi stop
function probe_leaf
1:
  cmpl $0, (%rdi)
  je 1b
  ret
end_function probe_leaf

  .globl probe_end
probe_end:

// void load_extended(const void* image)
//   rdi image
function load_extended
  movl $-1, %eax
  movl $-1, %edx
  xrstor64 (%rdi)
  ret
end_function load_extended

  .section .note.GNU-stack, "", @progbits
