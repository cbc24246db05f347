// The loops and probes of machine.hpp.
//
// A loop loads its patterns once, so that what is verified in each turn has gone through all interruptions before it. The
// expected values lie in memory that only one loop at a time uses; comparing with memory leaves every register to the patterns.
// Arguments of 64 bits are two words on the stack, results of 64 bits are in edx:eax.

  .macro function name
  .globl _\name
  .def _\name
  .scl 2
  .type 32
  .endef
  .p2align 4
_\name:
  .cfi_startproc
  .endm

  .macro end_function name
  .cfi_endproc
  .endm

  // As the ABI wants it: what a C++ function may expect to be kept. SAVED_BYTES of stack, the return address included.
  .set SAVED_BYTES, 20
  .macro save_callee_saved
  .irp register, ebx, ebp, esi, edi
  pushl %\register
  .cfi_adjust_cfa_offset 4
  .cfi_rel_offset %\register, 0
  .endr
  .endm

  .macro restore_callee_saved
  .irp register, edi, esi, ebp, ebx
  popl %\register
  .cfi_adjust_cfa_offset -4
  .cfi_restore %\register
  .endr
  .endm

  // The offsets of SwapProbe and ExtendedProbe.
  .set SWAP_FUNCTION, 0
  .set SWAP_SAVE, 4
  .set SWAP_TO, 8
  .set SWAP_TRANSFER, 12
  .set SWAP_SEED, 16
  .set SWAP_RESULT, 24
  .set EXTENDED_STOP, 0
  .set EXTENDED_IMAGE, 4
  .set EXTENDED_SEEN, 8
  .set EXTENDED_BYTES, 16

  // The components that 32-bit code can hold: x87, SSE, AVX, masks, upper halves of ZMM0 to ZMM7, PKRU; machine.cpp has the same.
  .set PROBE_COMPONENTS, 0x267

  // Carry, parity, adjust, zero, sign, direction and overflow; interrupts and the bit that is always set.
  .set USER_FLAGS, 0xcd5
  .set OTHER_FLAGS, 0x202

  // Words of the loop's own frame, which lie at its stack pointer: a call that were pushed in the wrong place would write there.
  .set FRAME_WORDS, 16

  .section .rdata, "dr"
  .p2align 2
initial_mxcsr:
  .long 0x1f80

  .bss
  .p2align 6
expected:
  .zero 7 * 4
expected_esp:
  .zero 4
expected_flags:
  .zero 4
stop_pointer:
  .zero 4
seen_flags:
  .zero 4
expected_scratch:
  .zero 4

  .text

// void* probe_chain(void* argument)
//   4(esp) argument   ecx static chain   -> eax argument if both are the same, else 0
function probe_chain
  xorl %eax, %eax
  cmpl 4(%esp), %ecx
  jne 1f
  movl %ecx, %eax
1:
  ret
end_function probe_chain

// uint64_t probe_swap(SwapProbe* probe)
//   -> number of the changed register, 0 for none
function probe_swap
  save_callee_saved
  movl SAVED_BYTES(%esp), %edx
  subl $12, %esp
  .cfi_adjust_cfa_offset 12
  movl SWAP_SAVE(%edx), %eax
  movl %eax, 0(%esp)
  movl SWAP_TO(%edx), %eax
  movl %eax, 4(%esp)
  movl SWAP_TRANSFER(%edx), %eax
  movl %eax, 8(%esp)
  movl SWAP_SEED(%edx), %eax
  leal 1(%eax), %ebx
  leal 2(%eax), %ebp
  leal 3(%eax), %esi
  leal 4(%eax), %edi
  call *SWAP_FUNCTION(%edx)
  addl $12, %esp
  .cfi_adjust_cfa_offset -12
  movl SAVED_BYTES(%esp), %edx
  movl %eax, SWAP_RESULT(%edx)
  movl SWAP_SEED(%edx), %ecx
  xorl %eax, %eax
  .irp register, ebx, ebp, esi, edi
  incl %eax
  incl %ecx
  cmpl %ecx, %\register
  jne 1f
  .endr
  xorl %eax, %eax
1:
  xorl %edx, %edx
  restore_callee_saved
  ret
end_function probe_swap

  .globl _probe_begin
_probe_begin:

  // Goes to the end of the loop with `number` where the two differ.
  .macro expect number, what, where
  cmpl \what, \where
  jne Lchanged_\number
  .endm

  .macro changed number
Lchanged_\number:
  movl $\number, %eax
  jmp Lend
  .endm

// uint64_t probe_general(const volatile uint32_t* stop, uint64_t seed)
//   -> number of what changed: 1 to 7 a register, 8 esp, 9 flags, 10 and up the words of the frame
function probe_general
  save_callee_saved
  movl SAVED_BYTES(%esp), %eax
  movl %eax, stop_pointer
  movl SAVED_BYTES + 4(%esp), %eax
  xorl SAVED_BYTES + 8(%esp), %eax
  subl $4 * FRAME_WORDS, %esp
  .cfi_adjust_cfa_offset 4 * FRAME_WORDS
  movl %esp, expected_esp
  .irp index, 0, 1, 2, 3, 4, 5, 6
  addl $0x9e3779b9, %eax
  movl %eax, expected + 4 * \index
  .endr
  .irp index, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
  movl $0x5a0000a5 + 0x10100 * \index, 4 * \index(%esp)
  .endr
  // All flags are set in one turn and clear in the next.
  movl $OTHER_FLAGS, expected_flags
  movl expected + 0, %eax
  movl expected + 4, %ecx
  movl expected + 8, %edx
  movl expected + 12, %ebx
  movl expected + 16, %ebp
  movl expected + 20, %esi
  movl expected + 24, %edi
1:
  // Flags: set, held over instructions that leave them alone, and read.
  xorl $USER_FLAGS, expected_flags
  pushl expected_flags
  popfl
  .rept 64
  nop
  .endr
  pushfl
  cld
  popl seen_flags
  expect 1, expected+0, %eax
  expect 2, expected+4, %ecx
  expect 3, expected+8, %edx
  expect 4, expected+12, %ebx
  expect 5, expected+16, %ebp
  expect 6, expected+20, %esi
  expect 7, expected+24, %edi
  expect 8, expected_esp, %esp
  .irp index, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9
  expect 1\index, $0x5a0000a5+0x10100*\index, 4*\index(%esp)
  .endr
  .irp index, 0, 1, 2, 3, 4, 5
  expect 2\index, $0x5a0000a5+0x10100*(10+\index), 4*(10+\index)(%esp)
  .endr
  // One register makes room to compare the flags and to look at the stop word.
  movl %eax, expected_scratch
  movl seen_flags, %eax
  xorl expected_flags, %eax
  testl $USER_FLAGS, %eax
  jne Lchanged_9
  movl stop_pointer, %eax
  cmpl $0, (%eax)
  movl expected_scratch, %eax
  je 1b
  xorl %eax, %eax
Lend:
  cld
  xorl %edx, %edx
  movl expected_esp, %esp
  addl $4 * FRAME_WORDS, %esp
  .cfi_remember_state
  .cfi_adjust_cfa_offset -4 * FRAME_WORDS
  restore_callee_saved
  ret
  .cfi_restore_state
  .irp number, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25
  changed \number
  .endr
end_function probe_general

// uint64_t probe_extended(ExtendedProbe* probe)
//   -> 0, or 1 + the offset of the first word that differs
function probe_extended
  save_callee_saved
  movl SAVED_BYTES(%esp), %ebp
  movl EXTENDED_IMAGE(%ebp), %esi
  movl EXTENDED_SEEN(%ebp), %edi
  movl $PROBE_COMPONENTS, %eax
  xorl %edx, %edx
  xrstor (%esi)
1:
  movl $PROBE_COMPONENTS, %eax
  xorl %edx, %edx
  xsave (%edi)
  xorl %ecx, %ecx
2:
  movl (%esi,%ecx), %ebx
  cmpl (%edi,%ecx), %ebx
  jne 4f
3:
  addl $4, %ecx
  cmpl EXTENDED_BYTES(%ebp), %ecx
  jb 2b
  movl EXTENDED_STOP(%ebp), %eax
  cmpl $0, (%eax)
  je 1b
  movl $-1, %ecx
5:
  leal 1(%ecx), %eax
  xorl %edx, %edx
  fninit
  ldmxcsr initial_mxcsr
  .cfi_remember_state
  restore_callee_saved
  ret
  .cfi_restore_state
4:
  // The mask behind MXCSR is not loaded by XRSTOR; which components count as in use is up to the processor.
  cmpl $28, %ecx
  je 3b
  cmpl $512, %ecx
  je 3b
  jmp 5b
end_function probe_extended

// void probe_spin(const volatile uint32_t* stop)
function probe_spin
  pushl %ebp
  .cfi_adjust_cfa_offset 4
  .cfi_rel_offset %ebp, 0
  movl %esp, %ebp
  movl 8(%ebp), %eax
1:
  cmpl $0, (%eax)
  je 1b
  popl %ebp
  .cfi_adjust_cfa_offset -4
  .cfi_restore %ebp
  ret
end_function probe_spin

// void probe_leaf(const volatile uint32_t* stop)
function probe_leaf
  movl 4(%esp), %eax
1:
  cmpl $0, (%eax)
  je 1b
  ret
end_function probe_leaf

  .globl _probe_end
_probe_end:

// void load_extended(const void* image)
// C++ code of this processor computes with x87 and wants its stack empty: the values stay where they are, marked as unused.
function load_extended
  movl 4(%esp), %ecx
  movl $PROBE_COMPONENTS, %eax
  xorl %edx, %edx
  xrstor (%ecx)
  emms
  ret
end_function load_extended
