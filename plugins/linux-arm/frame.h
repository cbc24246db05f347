/* The register table of linux-arm: which register lies where in each frame that this port's assembly builds, and why.
 *
 * Included by the .S files, and by machine.h, which asserts that the offsets into C structures are the compiler's.
 * Offsets are from the stack pointer at the frame's low end; the stack grows down.
 * Source for what is saved when: Procedure Call Standard for the Arm Architecture (AAPCS32), "Core registers"
 * (callee-saved: r4-r11, sp), "VFP and Advanced SIMD registers" (callee-saved: d8-d15; FPSCR's control bits are
 * global), "The stack" (8-byte alignment at calls; nothing below sp is kept, so there is no red zone). */
#ifndef HEDDLE_LINUX_ARM_FRAME_H
#define HEDDLE_LINUX_ARM_FRAME_H

/* A parked context (context.S). Offset, register, why it is saved. */
#define SWAP_D8 0     /*  d8-d15 callee-saved, one vpush; lowest, since it is the one that wants to be aligned */
#define SWAP_FPSCR 64 /*  fpscr  its control bits belong to the context: rounding, flush to zero, traps (not status) */
#define SWAP_R4 68    /*  r4     callee-saved; in a fresh context: entry */
#define SWAP_R5 72    /*  r5     callee-saved; in a fresh context: the argument of entry */
#define SWAP_R6 76    /*  r6     callee-saved */
#define SWAP_R7 80    /*  r7     callee-saved, frame pointer of Thumb code; in a fresh context: 0 */
#define SWAP_R8 84    /*  r8     callee-saved */
#define SWAP_R9 88    /*  r9     callee-saved */
#define SWAP_R10 92   /*  r10    callee-saved */
#define SWAP_R11 96   /*  r11    callee-saved, frame pointer of ARM code; in a fresh context: 0, the end of the chain */
#define SWAP_PC 100   /*  lr     where it goes on, with the Thumb bit: the return address of swap, or the trampoline */
#define SWAP_BYTES 104
#define SWAP_CORE_BYTES 40 /* FPSCR to lr, which one push stores */
#define ENTRY_ROOM 8       /* free above a fresh context, so that the sp of entry lies within its stack */
#define ENTRY_SKIP 2       /* where in heddle_context_entry a fresh context starts: behind the nop */

/* The bits of FPSCR that belong to a context: 8 to 26, that is trap enables, vector length and stride, rounding, FZ,
 * DN, AHP. Below are the cumulative exceptions, above NZCV and QC; 13 and 14 are always zero. */
#define FPSCR_CONTROL_LSB 8
#define FPSCR_CONTROL_WIDTH 19

/* morestack (context.S), from its frame pointer, which is the parked frame's address. */
#define MORE_CALLER -4 /* a HeddleContext: the parked caller */
#define MORE_FUNCTION -8
#define MORE_CONTEXT -12
#define MORE_LOCAL_BYTES 16
#define SEGMENT_HI 4 /* HeddleSegment (heddle/port/context_switcher.h) */

/* The injected call (preempt.S) stands on a copy of the kernel's signal frame, which rt_sigreturn takes everything
 * from; machine.h has it as a C++ structure. */
#define PREEMPT_RETURN_PC 0         /* the interrupted pc as a return address would be: the EHABI's unwinder looks two bytes before
                                       it, which at the first instruction of a function is another function */
#define PREEMPT_ALTERNATE_STACK 136 /* 128 bytes of siginfo, 8 of ucontext_t */
#define PREEMPT_R0 160              /* r0 to pc lie one after the other */
#define PREEMPT_MASK 232
#define PREEMPT_BYTES 888
#define KERNEL_MASK_BYTES 8

/* InterruptedFrame (machine.h): the return address and r0 to r14. */
#define INTERRUPTED_BYTES 64

#define SYSCALL_RT_SIGRETURN 173 /* asm/unistd-common.h */
#define SYSCALL_RT_SIGPROCMASK 175
#define SYSCALL_SIGALTSTACK 186

/* HeddleThread (heddle/port/thread.h). */
#define THREAD_FIBER 0
#define THREAD_SYSTEM_SP 4
#define THREAD_SYSTEM_LO 8
#define THREAD_SYSTEM_HI 12
#define THREAD_SIGNAL_LO 16
#define THREAD_SIGNAL_HI 20
#define THREAD_VDSO_PC 24
#define THREAD_VDSO_SP 28

/* A clock reading (vdso.S), from its frame pointer, r7. */
#define CLOCK_TIMESPEC 0   /*  struct __kernel_timespec, filled by the vDSO: seconds and nanoseconds, 64 bits each */
#define CLOCK_OLD_PC 16    /*  what HeddleThread::vdso_pc held, so that calls nest */
#define CLOCK_OLD_SP 20
#define CLOCK_OLD_WORD 24  /*  what the bottom word of the signal stack held */
#define CLOCK_LOCAL_BYTES 32
#define CLOCK_SAVED_R4 32  /*  r4  callee-saved; the worker's HeddleThread during the call */
#define CLOCK_SAVED_R5 36  /*  r5  callee-saved; the bottom word of the signal stack, 0 when there is none to write */
#define CLOCK_SAVED_R7 40  /*  r7  callee-saved; the frame pointer */
#define CLOCK_PC 44        /*  lr  the return address of the table function's caller */
#define CLOCK_BYTES 48
#define CLOCK_ID_REALTIME 0 /* linux/time.h */
#define CLOCK_ID_MONOTONIC 1
#define SYSCALL_CLOCK_GETTIME 263 /* asm/unistd-common.h; 32-bit seconds */
#define SYSCALL_CLOCK_GETTIME64 403
#define NANOSECONDS_PER_SECOND 1000000000

#ifdef __ASSEMBLER__
  .syntax unified
  .arch armv7-a
  .fpu vfpv3-d16
  .thumb
  /* gdb reads DWARF; exceptions and _Unwind_Backtrace read the ARM EHABI's tables, made by .fnstart to .fnend. */
  .cfi_sections .debug_frame

/* Opens and closes a function: Thumb code, hidden, so that the module exports heddle_port_query alone. */
.macro function name
  .globl \name
  .hidden \name
  .type \name, %function
  .thumb_func
  .p2align 5
\name:
  .fnstart
  .cfi_startproc
.endm

.macro end_function name
  .cfi_endproc
  .fnend
  .size \name, . - \name
.endm
#endif

#endif
