/* The register table of linux-amd64: which register lies where in each frame that this port's assembly builds, and why.
 *
 * Included by the .S files, and by machine.h, which asserts that the offsets into C structures are the compiler's.
 * Offsets are from the stack pointer at the frame's low end; the stack grows down, so the return address comes last.
 * Source for what is saved when: System V ABI, AMD64 supplement, "Registers" (callee-saved: rbx rbp rsp r12-r15, the control
 * bits of MXCSR, the x87 control word) and "The Stack Frame" (red zone of 128 bytes, 16-byte alignment at calls). */
#ifndef HEDDLE_LINUX_AMD64_FRAME_H
#define HEDDLE_LINUX_AMD64_FRAME_H

/* A parked context (context.S). Offset, register, why it is saved. */
#define SWAP_MXCSR 0 /*  mxcsr  callee-saved control bits: rounding, exception masks, FTZ, DAZ (the status bits are not) */
#define SWAP_FCW 4   /*  x87 CW callee-saved: rounding, precision and masks of long double */
#define SWAP_R12 8   /*  r12    callee-saved; in a fresh context: the argument of entry */
#define SWAP_R13 16  /*  r13    callee-saved */
#define SWAP_R14 24  /*  r14    callee-saved */
#define SWAP_R15 32  /*  r15    callee-saved */
#define SWAP_RBX 40  /*  rbx    callee-saved; in a fresh context: entry */
#define SWAP_RBP 48  /*  rbp    callee-saved; in a fresh context: 0, the end of the frame-pointer chain */
#define SWAP_PC 56   /*  rip    where it goes on: the return address that `call swap` pushed, or the entry trampoline */
#define SWAP_BYTES 64
#define ENTRY_SKIP 1 /* where in heddle_context_entry a fresh context starts: behind the nop */

/* morestack (context.S), from its frame pointer, which is the parked frame's address. */
#define MORE_CALLER -8   /* a HeddleContext: the parked caller */
#define MORE_FUNCTION -16
#define MORE_CONTEXT -24
#define MORE_LOCAL_BYTES 32
#define SEGMENT_HI 8 /* HeddleSegment (heddle/port/context_switcher.h) */

/* The bits of MXCSR that the ABI calls callee-saved; the low six are sticky status flags. */
#define MXCSR_CONTROL 0xffc0

/* The injected call (preempt.S), from its frame pointer: everything that the interrupted code may hold is saved here or, for
 * x87, SSE, AVX, AVX-512, PKRU and AMX, in the XSAVE area below it. Offsets are from rbp after the prologue. */
#define PREEMPT_RBP 0    /*  rbp    is the frame pointer of async_preempt itself */
#define PREEMPT_FLAGS 8  /*  rflags arithmetic flags and DF; first to be saved, since nearly every instruction writes them */
#define PREEMPT_PC 16    /*  rip    pushed by inject; `ret $RED_ZONE` pops it and the red zone */
#define PREEMPT_CFA 152  /*  rsp    of the interrupted code: above its red zone */
#define PREEMPT_RAX -8   /*  rax    live, like all that follow, since the call happens between two instructions */
#define PREEMPT_RCX -16
#define PREEMPT_RDX -24
#define PREEMPT_RBX -32
#define PREEMPT_RSI -40
#define PREEMPT_RDI -48
#define PREEMPT_R8 -56
#define PREEMPT_R9 -64
#define PREEMPT_R10 -72
#define PREEMPT_R11 -80
#define PREEMPT_R12 -88
#define PREEMPT_R13 -96
#define PREEMPT_R14 -104
#define PREEMPT_R15 -112
#define PREEMPT_AREA -120 /* the address of the XSAVE area, kept across the call of the core */
#define PREEMPT_SAVED_BYTES 120
#define RED_ZONE 128 /* bytes below rsp that a leaf function may use without moving rsp */

/* SaveArea (machine.h): how preempt.S saves the extended state; decided once, in open. */
#define AREA_METHOD 0      /* one of SAVE_* */
#define AREA_LEAN_BYTES 4  /* size of the area without the components of AREA_RARE */
#define AREA_FULL_BYTES 8  /* size of the area with every component that the processor has enabled */
#define AREA_HAS_AVX 12    /* nonzero: upper halves exist, and vzeroupper does */
#define AREA_ALL_LO 16     /* every enabled component, as XCR0 has it */
#define AREA_ALL_HI 20
#define AREA_RARE_LO 24    /* components that are left out of the area when they are not in use: the 8 KiB of AMX tiles */
#define AREA_PREEMPTED 32  /* HeddleHost::preempted */

#define SAVE_FXSAVE 0 /* no XSAVE: x87 and SSE are all there is */
#define SAVE_XSAVE 1  /* standard form, all components */
#define SAVE_XSAVEC 2 /* compacted form of the components in use, which XGETBV(1) names */

#define XSAVE_LEGACY_BYTES 512 /* FXSAVE image at the start of an XSAVE area */
#define XSAVE_HEADER_BYTES 64
#define XSAVE_ALIGNMENT 64
#define XSTATE_X87_SSE 3  /* always saved: MXCSR counts as SSE, but XGETBV(1) does not look at it */
#define XSTATE_TILEDATA 18

/* HeddleThread (heddle/port/thread.h). */
#define THREAD_FIBER 0
#define THREAD_SYSTEM_SP 8
#define THREAD_SYSTEM_LO 16
#define THREAD_SYSTEM_HI 24
#define THREAD_SIGNAL_LO 32
#define THREAD_SIGNAL_HI 40
#define THREAD_VDSO_PC 48
#define THREAD_VDSO_SP 56

/* The thread's block, at fs. Source: glibc, sysdeps/x86_64/nptl/tls.h (tcbhead_t); GCC, TARGET_THREAD_SPLIT_STACK_OFFSET. */
#define TCB_SELF 0x10
#define TCB_STACK_LIMIT 0x70

/* A clock reading (vdso.S), from its frame pointer. */
#define CLOCK_SAVED_RBX -8   /*  rbx  callee-saved; the worker's HeddleThread during the call */
#define CLOCK_SAVED_R12 -16  /*  r12  callee-saved; the bottom word of the signal stack, 0 when there is none to write */
#define CLOCK_OLD_PC -24     /*  what HeddleThread::vdso_pc held, so that calls nest */
#define CLOCK_OLD_SP -32
#define CLOCK_OLD_WORD -40   /*  what the bottom word held */
#define CLOCK_TIMESPEC -64   /*  struct timespec, filled by the vDSO: seconds, nanoseconds */
#define CLOCK_LOCAL_BYTES 64
#define CLOCK_ID_REALTIME 0 /* linux/time.h */
#define CLOCK_ID_MONOTONIC 1
#define SYSCALL_CLOCK_GETTIME 228 /* asm/unistd_64.h */
#define NANOSECONDS_PER_SECOND 1000000000

#ifdef __ASSEMBLER__
/* Opens and closes a function: hidden, so that the module exports heddle_port_query alone. What differs from an ordinary
 * call in its CFI must come before its first instruction, endbr64. */
.macro function name
  .globl \name
  .hidden \name
  .type \name, @function
  .p2align 6
\name:
  .cfi_startproc
.endm

.macro end_function name
  .cfi_endproc
  .size \name, . - \name
.endm
#endif

#endif
