// The loops and probes of machine.hpp.
//
// The general loops keep what they expect in their frame, above sp. For one stretch of each turn every register holds
// its pattern; then all are stored at once and compared in memory, and the next stretch begins with what was stored.

  .syntax unified
  .arch armv7-a
  .fpu neon
  .cfi_sections .debug_frame

  .macro function name
  .globl \name
  .type \name, %function
  .p2align 4
\name:
  .fnstart
  .cfi_startproc
  .endm

  .macro end_function name
  .cfi_endproc
  .fnend
  .size \name, . - \name
  .endm

  // As the ABI wants it: what a C++ function may expect to be kept.
  .macro save_callee_saved
  push {r3-r11, lr}
  .save {r4-r11, lr}
  .pad #4
  .cfi_def_cfa_offset 40
  .irp n, 4, 5, 6, 7, 8, 9, 10, 11
  .cfi_offset \n, 4 * (\n - 3) - 40
  .endr
  .cfi_offset lr, -4
  .endm

  .text
  .thumb

// void* probe_chain(void* argument)
//   r0 argument   ip static chain   -> r0 argument if both are the same, else 0
  .thumb_func
function probe_chain
  cmp r0, ip
  it ne
  movne r0, #0
  bx lr
end_function probe_chain

// uint64_t probe_swap(SwapProbe* probe)
//   r0 probe   -> r0, r1 number of the changed register, 0 for none
  .thumb_func
function probe_swap
  save_callee_saved
  vpush {d8-d15}
  .vsave {d8-d15}
  .cfi_def_cfa_offset 104
  sub sp, #8
  .pad #8
  .cfi_def_cfa_offset 112
  str r0, [sp]
  ldr r1, [r0, #16]
  .irp n, 8, 9, 10, 11, 12, 13, 14, 15
  add r2, r1, #0x100 + \n
  mvn r3, r2
  vmov d\n, r2, r3
  .endr
  .irp n, 4, 5, 6, 7, 8, 9, 10, 11
  add r\n, r1, #\n
  .endr
  ldr r3, [r0, #0]
  ldr r1, [r0, #8]
  ldr r2, [r0, #12]
  ldr r0, [r0, #4]
  blx r3
  ldr r3, [sp]
  str r0, [r3, #24]
  ldr r1, [r3, #16]
  .irp n, 4, 5, 6, 7, 8, 9, 10, 11
  movs r0, #\n
  add r2, r1, #\n
  cmp r\n, r2
  bne 1f
  .endr
  .irp n, 8, 9, 10, 11, 12, 13, 14, 15
  movs r0, #8 + \n
  add r2, r1, #0x100 + \n
  vmov r3, ip, d\n
  cmp r3, r2
  bne 1f
  mvn r2, r2
  cmp ip, r2
  bne 1f
  .endr
  movs r0, #0
1:
  movs r1, #0
  add sp, #8
  .cfi_def_cfa_offset 104
  vpop {d8-d15}
  .cfi_def_cfa_offset 40
  pop {r3-r11, pc}
end_function probe_swap

  .globl probe_begin
probe_begin:

  // The frame of a general loop.
  .equ SEEN, 0        // r0 to r12 and lr, as they were at the end of the stretch
  .equ EXPECTED, 56   // the same, as they ought to be
  .equ FLAGS, 112     // N, Z, C, V, Q and GE of this turn
  .equ SELF, 116      // the frame's own address
  .equ STOP, 120
  .equ FRAME_BYTES, 128

  // N, Z, C and V go through all sixteen values, Q and GE change to their opposites each turn.
  .equ NEXT_CONDITION, 0x10000000
  .equ OTHER_Q, 0x08000000
  .equ OTHER_GE, 0x000f0000
  .equ FIRST_FLAGS, 0x00050000

  .macro general_loop name, stretch
//   r0 stop   r2, r3 seed   -> r0, r1 number of what changed
function \name
  save_callee_saved
  sub sp, sp, #FRAME_BYTES
  .pad #FRAME_BYTES
  .cfi_def_cfa_offset 40 + FRAME_BYTES
  str r0, [sp, #STOP]
  mov r4, sp
  str r4, [sp, #SELF]
  mov r4, #FIRST_FLAGS
  str r4, [sp, #FLAGS]
  movw r4, #0x79b9
  movt r4, #0x9e37
  add r5, sp, #EXPECTED
  eor r2, r2, r3
  mov r6, #0
1:
  add r2, r2, r4
  str r2, [sp, r6, lsl #2]
  str r2, [r5, r6, lsl #2]
  add r6, r6, #1
  cmp r6, #14
  blo 1b
2:
  ldr r0, [sp, #FLAGS]
  add r0, r0, #NEXT_CONDITION
  eor r0, r0, #OTHER_GE
  eor r0, r0, #OTHER_Q
  str r0, [sp, #FLAGS]
  msr APSR_nzcvqg, r0
  ldm sp, {r0-r12, lr}
  \stretch
  stm sp, {r0-r12, lr}
  mrs r1, apsr
  mov r0, #14
  ldr r2, [sp, #SELF]
  mov r3, sp
  cmp r2, r3
  bne 4f
  mov r0, #16
  ldr r2, [sp, #FLAGS]
  movw r3, #0
  movt r3, #0xf80f
  eor r2, r2, r1
  tst r2, r3
  bne 4f
  mov r0, #0
  add r4, sp, #EXPECTED
3:
  ldr r2, [sp, r0, lsl #2]
  ldr r3, [r4, r0, lsl #2]
  add r0, r0, #1
  cmp r2, r3
  bne 5f
  cmp r0, #14
  blo 3b
  ldr r0, [sp, #STOP]
  ldr r0, [r0]
  cmp r0, #0
  beq 2b
  mov r0, #0
4:
  mov r1, #0
  add sp, sp, #FRAME_BYTES
  .cfi_remember_state
  .cfi_def_cfa_offset 40
  pop {r3-r11, pc}
  .cfi_restore_state
5:
  // The fourteenth in memory is lr, which is r14.
  cmp r0, #14
  it eq
  moveq r0, #15
  b 4b
end_function \name
  .endm

  // Blocks of one condition and its opposite: \yes grows by 10 where the condition holds, \no by 11 where it does not.
  // An instruction too many or too few changes a sum.
  .macro it_blocks c, n, yes, no
  itete \c
  add\c \yes, \yes, #1
  add\n \no, \no, #1
  add\c \yes, \yes, #1
  add\n \no, \no, #1
  itttt \c
  add\c \yes, \yes, #1
  add\c \yes, \yes, #1
  add\c \yes, \yes, #1
  add\c \yes, \yes, #1
  ittee \c
  add\c \yes, \yes, #1
  add\c \yes, \yes, #1
  add\n \no, \no, #1
  add\n \no, \no, #1
  iteee \c
  add\c \yes, \yes, #1
  add\n \no, \no, #1
  add\n \no, \no, #1
  add\n \no, \no, #1
  it \c
  add\c \yes, \yes, #1
  itttt \n
  add\n \no, \no, #1
  add\n \no, \no, #1
  add\n \no, \no, #1
  add\n \no, \no, #1
  .endm

  .macro undo_it_blocks c, n, yes, no
  ite \c
  sub\c \yes, \yes, #10
  sub\n \no, \no, #11
  .endm

  .macro for_each_condition blocks
  \blocks eq, ne, r0, r1
  \blocks cs, cc, r2, r3
  \blocks mi, pl, r4, r5
  \blocks vs, vc, r6, r7
  \blocks hi, ls, r8, r9
  \blocks ge, lt, r10, r11
  \blocks gt, le, r12, lr
  .endm

  .macro thumb_stretch
  for_each_condition it_blocks
  for_each_condition undo_it_blocks
  .endm

  .macro arm_stretch
  .rept 64
  nop
  .endr
  .endm

// uint64_t probe_general_thumb(const volatile uint32_t* stop, uint64_t seed)
  .thumb
  .thumb_func
  general_loop probe_general_thumb, thumb_stretch

// uint64_t probe_general_arm(const volatile uint32_t* stop, uint64_t seed)
  .arm
  general_loop probe_general_arm, arm_stretch
  .thumb

  // The image that r1 points to. Clobbers ip.
  .equ UPPER_HALF, 128
  .equ FPSCR, 256
  .equ HAS_UPPER_HALF, 260
  .macro load_image
  vldm r1, {d0-d15}
  ldr ip, [r1, #HAS_UPPER_HALF]
  cmp ip, #0
  beq 9f
  add ip, r1, #UPPER_HALF
  vldm ip, {d16-d31}
9:
  ldr ip, [r1, #FPSCR]
  vmsr fpscr, ip
  .endm

// uint64_t probe_extended(ExtendedProbe* probe)
//   r0 probe   -> r0, r1 0, or 1 + the offset of the first word that differs
  .thumb_func
function probe_extended
  save_callee_saved
  vpush {d8-d15}
  .vsave {d8-d15}
  .cfi_def_cfa_offset 104
  ldr r1, [r0, #4]
  ldr r2, [r0, #8]
  ldr r3, [r0, #16]
  ldr r0, [r0, #0]
  ldr r4, [r1, #HAS_UPPER_HALF]
  str r4, [r2, #HAS_UPPER_HALF]
  load_image
1:
  vstm r2, {d0-d15}
  cbz r4, 2f
  add ip, r2, #UPPER_HALF
  vstm ip, {d16-d31}
2:
  vmrs ip, fpscr
  str ip, [r2, #FPSCR]
  movs r5, #0
3:
  ldr r6, [r1, r5]
  ldr r7, [r2, r5]
  cmp r6, r7
  bne 4f
  adds r5, #4
  cmp r5, r3
  blo 3b
  ldr r6, [r0]
  cmp r6, #0
  beq 1b
  mov r5, #-1
4:
  movs r1, #0
  vmsr fpscr, r1
  adds r0, r5, #1
  vpop {d8-d15}
  .cfi_def_cfa_offset 40
  pop {r3-r11, pc}
end_function probe_extended

// void probe_spin(const volatile uint32_t* stop)
//   r0 stop
  .thumb_func
function probe_spin
  push {r4, lr}
  .save {r4, lr}
  .cfi_def_cfa_offset 8
  .cfi_offset r4, -8
  .cfi_offset lr, -4
1:
  ldr r4, [r0]
  cmp r4, #0
  beq 1b
  pop {r4, pc}
end_function probe_spin

// void probe_leaf(const volatile uint32_t* stop)
//   r0 stop
  .thumb_func
function probe_leaf
1:
  ldr r1, [r0]
  cmp r1, #0
  beq 1b
  bx lr
end_function probe_leaf

  .globl probe_end
probe_end:

// void load_extended(const void* image)
//   r0 image
  .thumb_func
function load_extended
  mov r1, r0
  load_image
  bx lr
end_function load_extended

  .section .note.GNU-stack, "", %progbits
