// The loops and probes of machine.hpp.
//
// A loop loads its patterns once, so that what is verified in each turn has gone through all interruptions before it. The
// expected values lie in the loop's own frame, to which sp leads; a register that makes room for a comparison is put back.

  .arch armv9-a+sve+sme

  .macro function name
  .globl \name
  .type \name, %function
  .p2align 4
\name:
  .cfi_startproc
  hint #34 // bti c
  .endm

  .macro end_function name
  .cfi_endproc
  .size \name, . - \name
  .endm

#define CALLEE_SAVED x29, x30, x19, x20, x21, x22, x23, x24, x25, x26, x27, x28, d8, d9, d10, d11, d12, d13, d14, d15
#define SAVED_BYTES 160
#define ALL_NUMBERS 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, LATER_NUMBERS
#define LATER_NUMBERS 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30

  .macro saved_pairs instruction
  \instruction x29, x30, [sp]
  \instruction x19, x20, [sp, #16]
  \instruction x21, x22, [sp, #32]
  \instruction x23, x24, [sp, #48]
  \instruction x25, x26, [sp, #64]
  \instruction x27, x28, [sp, #80]
  \instruction d8, d9, [sp, #96]
  \instruction d10, d11, [sp, #112]
  \instruction d12, d13, [sp, #128]
  \instruction d14, d15, [sp, #144]
  .endm

  // As the ABI wants it: what a C++ function may expect to be kept. `locals` bytes stay free above sp.
  .macro save_callee_saved locals
  sub sp, sp, #SAVED_BYTES
  .cfi_def_cfa_offset SAVED_BYTES
  saved_pairs stp
  .set place, -SAVED_BYTES
  .irp register, CALLEE_SAVED
  .cfi_offset \register, place
  .set place, place + 8
  .endr
  sub sp, sp, #\locals
  .cfi_def_cfa_offset SAVED_BYTES + \locals
  .endm

  .macro restore_callee_saved locals
  add sp, sp, #\locals
  .cfi_def_cfa_offset SAVED_BYTES
  saved_pairs ldp
  .irp register, CALLEE_SAVED
  .cfi_restore \register
  .endr
  add sp, sp, #SAVED_BYTES
  .cfi_def_cfa_offset 0
  .endm

  .text

#define SWAP_PATTERN x19, x20, x21, x22, x23, x24, x25, x26, x27, x28, x29
#define SWAP_PATTERN_LOW_HALVES d8, d9, d10, d11, d12, d13, d14, d15

  // Goes to 1f unless the register holds the next number of the pattern, x9. x0 counts registers.
  .macro verify_next register
  add x0, x0, #1
  add x9, x9, #1
  cmp x9, \register
  b.ne 1f
  .endm

// void* probe_chain(void* argument)
//   x0 argument   x18 static chain   -> x0 argument if both are the same, else 0
function probe_chain
  cmp x0, x18
  csel x0, x18, xzr, eq
  ret
end_function probe_chain

// uint64_t probe_swap(SwapProbe* probe)
//   x0 probe   -> x0 number of the changed register, 0 for none
function probe_swap
  save_callee_saved 16
  str x0, [sp]
  ldp x16, x9, [x0]
  ldp x1, x2, [x0, #16]
  ldr x10, [x0, #32]
  mov x0, x9
  .set number, 0
  .irp register, SWAP_PATTERN
  .set number, number + 1
  add \register, x10, #number
  .endr
  .irp register, SWAP_PATTERN_LOW_HALVES
  .set number, number + 1
  add x11, x10, #number
  fmov \register, x11
  .endr
  blr x16
  ldr x10, [sp]
  str x0, [x10, #40]
  ldr x9, [x10, #32]
  mov x0, #0
  .irp register, SWAP_PATTERN
  verify_next \register
  .endr
  .irp register, SWAP_PATTERN_LOW_HALVES
  fmov x11, \register
  verify_next x11
  .endr
  mov x0, #0
1:
  restore_callee_saved 16
  ret
end_function probe_swap

  .globl probe_begin
probe_begin:

  // The locals of probe_general, from sp.
#define GENERAL_ABOVE 0 // 16 words with a pattern, where the interrupted code's own data would be
#define GENERAL_EXPECTED 128 // x0 to x30
#define GENERAL_SP 376
#define GENERAL_FLAGS 384
#define GENERAL_STOP 392
#define GENERAL_SEEN 400 // x0 and x1 while they make room
#define GENERAL_ABOVE_COPY 416 // what the words above sp are to be
#define GENERAL_BYTES 544

  // Goes on at the failure of that number unless the register equals the word at sp + \offset. Clobbers x0, keeps the flags.
  .macro verify register, offset, number
  ldr x0, [sp, #\offset]
  eor x0, x0, \register
  cbnz x0, 9f + 8 * (\number - 1)
  .endm

// uint64_t probe_general(const volatile uint32_t* stop, uint64_t seed)
//   x0 stop   x1 seed   -> x0 number of what changed: 1 to 31 a register, 32 sp, 33 flags, 34 and up the words above sp
function probe_general
  save_callee_saved GENERAL_BYTES
  str x0, [sp, #GENERAL_STOP]
  mov x0, sp
  str x0, [sp, #GENERAL_SP]
  str xzr, [sp, #GENERAL_FLAGS]
  movz x2, #0x7c15
  movk x2, #0x7f4a, lsl #16
  movk x2, #0x79b9, lsl #32
  movk x2, #0x9e37, lsl #48
  .irp number, ALL_NUMBERS
  add x1, x1, x2
  str x1, [sp, #GENERAL_EXPECTED + 8 * \number]
  .endr
  .set number, 0
  .rept 16
  add x1, x1, x2
  str x1, [sp, #GENERAL_ABOVE + 8 * number]
  str x1, [sp, #GENERAL_ABOVE_COPY + 8 * number]
  .set number, number + 1
  .endr
  .irp number, ALL_NUMBERS
  ldr x\number, [sp, #GENERAL_EXPECTED + 8 * \number]
  .endr
1:
  // Flags: negative, zero, carry and overflow, all set in one turn, all clear in the next. They and all registers are held over
  // instructions that leave them alone; branches are among them, since emulators take signals at branches only.
  str x0, [sp, #GENERAL_SEEN]
  ldr x0, [sp, #GENERAL_FLAGS]
  eor x0, x0, #0xf0000000
  str x0, [sp, #GENERAL_FLAGS]
  msr nzcv, x0
  ldr x0, [sp, #GENERAL_SEEN]
  .rept 32
  nop
  b . + 4
  .endr
  stp x0, x1, [sp, #GENERAL_SEEN]
  mrs x1, nzcv
  verify x1, GENERAL_FLAGS, 33
  .irp number, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, LATER_NUMBERS
  verify x\number, GENERAL_EXPECTED + 8 * \number, \number + 1
  .endr
  ldr x1, [sp, #GENERAL_SEEN]
  verify x1, GENERAL_EXPECTED, 1
  ldr x1, [sp, #GENERAL_SEEN + 8]
  verify x1, GENERAL_EXPECTED + 8, 2
  mov x1, sp
  verify x1, GENERAL_SP, 32
  .set number, 0
  .rept 16
  ldr x1, [sp, #GENERAL_ABOVE_COPY + 8 * number]
  verify x1, GENERAL_ABOVE + 8 * number, 34 + number
  .set number, number + 1
  .endr
  ldr x0, [sp, #GENERAL_STOP]
  ldr w0, [x0]
  cbnz w0, 3f
  ldp x0, x1, [sp, #GENERAL_SEEN]
  b 1b
3:
  mov x0, #0
2:
  .cfi_remember_state
  restore_callee_saved GENERAL_BYTES
  ret
  .cfi_restore_state
9:
  .set number, 0
  .rept 49
  .set number, number + 1
  mov x0, #number
  b 2b
  .endr
end_function probe_general

  // An image; machine.cpp has the same places.
#define IMAGE_FPCR 0
#define IMAGE_FPSR 8
#define IMAGE_SVCR 16
#define IMAGE_FEATURES 24
#define IMAGE_VECTORS 64
#define IMAGE_PREDICATES 8256
#define IMAGE_FFR 8768
#define IMAGE_ZA 8832
#define HAS_SVE_BIT 0
#define HAS_SME_BIT 1
#define HAS_STREAMING_FFR_BIT 2
#define STREAMING_BIT 0
#define ZA_BIT 1

#define PREDICATE_NUMBERS 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
#define VECTOR_NUMBERS ALL_NUMBERS, 31

  // ZA row by row. x4 its place; clobbers x3, x12.
  .macro each_row instruction
  rdsvl x3, #1
  mov w12, #0
8:
  \instruction za[w12, 0], [x4]
  add x4, x4, x3
  add w12, w12, #1
  cmp w12, w3
  b.lo 8b
  .endm

  // Goes to `without` where the mode has no SVE registers, or no FFR. The mode and the features are as in an image.
  .macro if_scalable svcr, features, without
  tbnz \svcr, #STREAMING_BIT, 7f
  tbz \features, #HAS_SVE_BIT, \without
7:
  .endm
  .macro if_ffr svcr, features, without
  tbz \svcr, #STREAMING_BIT, 6f
  tbz \features, #HAS_STREAMING_FFR_BIT, \without
6:
  .endm

// void load_image(const void* image): puts the processor into the image's mode, streaming mode too
//   x0 image; clobbers x1 to x4, x12, and all that an image holds
  .type load_image, %function
load_image:
  .cfi_startproc
  ldp x2, x1, [x0, #IMAGE_SVCR]
  tbz x1, #HAS_SME_BIT, 1f
  smstop
  tbz x2, #ZA_BIT, 2f
  smstart za
  mov x4, #IMAGE_ZA
  add x4, x0, x4
  each_row ldr
2:
  tbz x2, #STREAMING_BIT, 1f
  smstart sm
1:
  if_scalable x2, x1, 3f
  if_ffr x2, x1, 4f
  mov x4, #IMAGE_FFR
  add x4, x0, x4
  ldr p0, [x4]
  wrffr p0.b
4:
  mov x4, #IMAGE_PREDICATES
  add x4, x0, x4
  .irp number, PREDICATE_NUMBERS
  ldr p\number, [x4, #\number, mul vl]
  .endr
  add x4, x0, #IMAGE_VECTORS
  .irp number, VECTOR_NUMBERS
  ldr z\number, [x4, #\number, mul vl]
  .endr
  b 5f
3:
  .irp number, VECTOR_NUMBERS
  ldr q\number, [x0, #IMAGE_VECTORS + 16 * \number]
  .endr
5:
  ldp x3, x4, [x0, #IMAGE_FPCR]
  msr fpcr, x3
  msr fpsr, x4
  ret
  .cfi_endproc
  .size load_image, . - load_image

// void save_image(const void* image, void* seen): the registers as they are, into the places that load_image has them from
//   x0 image, for the features   x1 seen; clobbers x2 to x5, x12, the flags
  .type save_image, %function
save_image:
  .cfi_startproc
  ldr x2, [x0, #IMAGE_FEATURES]
  mov x5, #0
  tbz x2, #HAS_SME_BIT, 1f
  mrs x5, svcr
1:
  stp x5, x2, [x1, #IMAGE_SVCR]
  mrs x3, fpcr
  mrs x4, fpsr
  stp x3, x4, [x1, #IMAGE_FPCR]
  tbz x5, #ZA_BIT, 2f
  mov x4, #IMAGE_ZA
  add x4, x1, x4
  each_row str
2:
  if_scalable x5, x2, 3f
  add x4, x1, #IMAGE_VECTORS
  .irp number, VECTOR_NUMBERS
  str z\number, [x4, #\number, mul vl]
  .endr
  mov x4, #IMAGE_PREDICATES
  add x4, x1, x4
  .irp number, PREDICATE_NUMBERS
  str p\number, [x4, #\number, mul vl]
  .endr
  if_ffr x5, x2, 4f
  mov x3, #IMAGE_FFR
  add x3, x1, x3
  rdffr p0.b
  str p0, [x3]
  ldr p0, [x4]
4:
  ret
3:
  .irp number, VECTOR_NUMBERS
  str q\number, [x1, #IMAGE_VECTORS + 16 * \number]
  .endr
  ret
  .cfi_endproc
  .size save_image, . - save_image

// uint64_t probe_extended(ExtendedProbe* probe)
//   x0 probe   -> x0 0, or 1 + the offset of the first word that differs
function probe_extended
  save_callee_saved 0
  ldp x19, x20, [x0]
  ldp x21, x22, [x0, #16]
  mov x0, x20
  bl load_image
1:
  mov x0, x20
  mov x1, x21
  bl save_image
  mov x9, #0
2:
  ldr x10, [x20, x9]
  ldr x11, [x21, x9]
  cmp x10, x11
  b.ne 3f
  add x9, x9, #8
  cmp x9, x22
  b.lo 2b
  ldr w10, [x19]
  cbz w10, 1b
  mov x9, #-1
3:
  ldr x10, [x20, #IMAGE_FEATURES]
  tbz x10, #HAS_SME_BIT, 4f
  smstop
4:
  msr fpcr, xzr
  msr fpsr, xzr
  add x0, x9, #1
  restore_callee_saved 0
  ret
end_function probe_extended

// void probe_spin(const volatile uint32_t* stop)
//   x0 stop
function probe_spin
  stp x29, x30, [sp, #-16]!
  .cfi_def_cfa_offset 16
  .cfi_offset x29, -16
  .cfi_offset x30, -8
  mov x29, sp
1:
  ldr w1, [x0]
  cbz w1, 1b
  ldp x29, x30, [sp], #16
  .cfi_def_cfa_offset 0
  .cfi_restore x29
  .cfi_restore x30
  ret
end_function probe_spin

// void probe_leaf(const volatile uint32_t* stop)
//   x0 stop
function probe_leaf
1:
  ldr w1, [x0]
  cbz w1, 1b
  ret
end_function probe_leaf

  .globl probe_end
probe_end:

// void load_extended(const void* image)
//   x0 image, not of streaming mode
// It leaves nothing as it was, d8 to d15 neither: its callers hold no number in them.
function load_extended
  b load_image
end_function load_extended

  .section .note.GNU-stack, "", %progbits
