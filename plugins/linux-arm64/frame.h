/* The register table of linux-arm64: which register lies where in each frame that this port's assembly builds, and why.
 *
 * Included by the .S files, and by machine.h, which asserts that the offsets into C structures are the compiler's.
 * Offsets are from the stack pointer at the frame's low end; the stack grows down, and there is no red zone.
 * Source for what is saved when: Procedure Call Standard for the Arm 64-bit Architecture, 6.1 "Machine Registers" (callee-saved:
 * x19-x29, sp, the low halves of v8-v15, the control bits of FPCR) and 6.4.5 "The Stack" (sp is always a multiple of 16). */
#ifndef HEDDLE_LINUX_ARM64_FRAME_H
#define HEDDLE_LINUX_ARM64_FRAME_H

/* A parked context (context.S). Offset, register, why it is saved. Pairs are stored with one instruction. */
#define SWAP_FP 0    /*  x29      callee-saved; in a fresh context: 0, the end of the frame-pointer chain */
#define SWAP_PC 8    /*  x30      where it goes on: the return address of swap, or the entry trampoline */
#define SWAP_X19 16  /*  x19      callee-saved; in a fresh context: entry */
#define SWAP_X20 24  /*  x20      callee-saved; in a fresh context: the argument of entry */
#define SWAP_X21 32  /*  x21 x22  callee-saved */
#define SWAP_X23 48  /*  x23 x24  callee-saved */
#define SWAP_X25 64  /*  x25 x26  callee-saved */
#define SWAP_X27 80  /*  x27 x28  callee-saved */
#define SWAP_D8 96   /*  d8 d9    callee-saved: the low 64 bits only, the rest of v8-v15 is the caller's to keep */
#define SWAP_D10 112 /*  d10 d11  callee-saved */
#define SWAP_D12 128 /*  d12 d13  callee-saved */
#define SWAP_D14 144 /*  d14 d15  callee-saved */
#define SWAP_FPCR 160 /* fpcr     callee-saved: rounding, flush to zero, default NaN (the status bits in FPSR are not) */
#define SWAP_BYTES 176
#define TOP_BYTES 16 /* above the frame of a fresh context: the stack pointer of entry is then below the stack's end, not at it */
#define ENTRY_SKIP 4 /* where in heddle_context_entry a fresh context starts: behind the nop */

/* morestack (context.S), from its frame pointer, which is the parked frame's address. */
#define MORE_CALLER -8 /* a HeddleContext: the parked caller */
#define MORE_FUNCTION -16
#define MORE_CONTEXT -24
#define MORE_LOCAL_BYTES 32
#define SEGMENT_HI 8 /* HeddleSegment (heddle/port/context_switcher.h) */

/* The injected call (preempt.S) runs on top of a copy of the kernel's signal frame (SignalFrame in machine.h), from which
 * rt_sigreturn takes every register. Offsets are from sp, which stays at the copy's low end. */
#define PREEMPT_RECORD_FP 0 /*  a frame record, so that frame pointers lead through: x29 and pc of the interrupted code */
#define PREEMPT_RECORD_PC 8
#define PREEMPT_TPIDR2 16   /*  tpidr2  SME's lazy-save pointer; kernels before 6.3 have no record for it */
#define PREEMPT_STACK 144   /*  uc_stack    what rt_sigreturn makes the thread's alternate stack */
#define PREEMPT_MASK 168    /*  uc_sigmask  what rt_sigreturn makes the thread's signal mask */
#define PREEMPT_X0 312      /*  x0 to x30, one word each: live, since the call happens between two instructions */
#define PREEMPT_CFA 560     /*  sp      of the interrupted code */
#define PREEMPT_PC 568      /*  pc      of the interrupted code */
#define DWARF_PC 96         /* the column of libgcc's DWARF_ALT_FRAME_RETURN_COLUMN: a pc that is in no register */
#define DWARF_PC_OF_GDB 32  /* the ABI's column of the pc: gdb knows no other, libgcc cannot return through it */
#define DWARF_SP 31

/* SaveArea (machine.h): what preempt.S needs to know; decided once, in open. */
#define AREA_PREEMPTED 0 /* HeddleHost::preempted */
#define AREA_HAS_SME 8   /* nonzero: tpidr2 exists */

#define SYSCALL_SIGALTSTACK 132 /* asm-generic/unistd.h, for this and the following */
#define SYSCALL_RT_SIGPROCMASK 135
#define SYSCALL_RT_SIGRETURN 139
#define KERNEL_SIGSET_BYTES 8

/* HeddleThread (heddle/port/thread.h). */
#define THREAD_FIBER 0
#define THREAD_SYSTEM_SP 8
#define THREAD_SYSTEM_LO 16
#define THREAD_SYSTEM_HI 24
#define THREAD_SIGNAL_LO 32
#define THREAD_SIGNAL_HI 40
#define THREAD_VDSO_PC 48
#define THREAD_VDSO_SP 56

/* A clock reading (vdso.S), from its frame pointer: the frame record, and above it */
#define CLOCK_SAVED_X19 16 /*  x19  callee-saved; the worker's HeddleThread during the call */
#define CLOCK_SAVED_X20 24 /*  x20  callee-saved; the bottom word of the signal stack, 0 when there is none to write */
#define CLOCK_OLD_PC 32    /*  what HeddleThread::vdso_pc held, so that calls nest */
#define CLOCK_OLD_SP 40
#define CLOCK_OLD_WORD 48  /*  what the bottom word held */
#define CLOCK_TIMESPEC 64  /*  struct timespec, filled by the vDSO: seconds, nanoseconds */
#define CLOCK_BYTES 80
#define CLOCK_ID_REALTIME 0 /* linux/time.h */
#define CLOCK_ID_MONOTONIC 1
#define SYSCALL_CLOCK_GETTIME 113
#define NANOSECONDS_PER_SECOND 1000000000

#ifdef __ASSEMBLER__
/* Opens and closes a function: hidden, so that the module exports heddle_port_query alone. What differs from an ordinary
 * call in its CFI must come before its first instruction. */
.macro function name
  .globl \name
  .hidden \name
  .type \name, %function
  .p2align 6
\name:
  .cfi_startproc
.endm

.macro end_function name
  .cfi_endproc
  .size \name, . - \name
.endm

/* Where an indirect branch may land (BTI). In hint space: a processor that has no BTI takes them for nops. */
.macro landing_of_call
  hint #34 /* bti c */
.endm
.macro landing_of_call_or_jump
  hint #38 /* bti jc */
.endm

/* \result = seconds * 10^9 + nanoseconds. Clobbers \seconds and x11. */
.macro nanoseconds result, seconds, nanos
  mov w11, #(NANOSECONDS_PER_SECOND & 0xffff)
  movk w11, #(NANOSECONDS_PER_SECOND >> 16), lsl #16
  madd \result, \seconds, x11, \nanos
.endm

/* Ends a file: no executable stack, and every indirect branch in it finds its landing, so that the linker may mark the module
 * as BTI. It is not marked as PAC: return addresses are stored as they are (context.S says why). */
.macro end_file
  .section .note.GNU-stack, "", %progbits
  .section .note.gnu.property, "a"
  .p2align 3
  .long 4, 16, 5 /* NT_GNU_PROPERTY_TYPE_0 */
  .asciz "GNU"
  .long 0xc0000000, 4, 1, 0 /* GNU_PROPERTY_AARCH64_FEATURE_1_AND: BTI */
.endm
#endif

#endif
