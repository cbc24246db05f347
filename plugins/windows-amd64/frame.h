/* The register table of windows-amd64: which register lies where in each frame that this port's assembly builds, and why.
 *
 * Included by the .S files, and by machine.h, which asserts that the offsets into C structures are the compiler's.
 * Offsets are from the stack pointer at the frame's low end; the stack grows down, so the return address comes last.
 * Source for what is saved when: "x64 calling convention" and "x64 stack usage" in Microsoft's C++ documentation
 * (callee-saved: rbx rbp rdi rsi rsp r12-r15 xmm6-xmm15, the control bits of MXCSR, the x87 control word; 32 bytes of home
 * space above the return address, 16-byte alignment at calls, no red zone). */
#ifndef HEDDLE_WINDOWS_AMD64_FRAME_H
#define HEDDLE_WINDOWS_AMD64_FRAME_H

/* The thread block (TEB), at gs. Source: winternl.h of the Windows SDK, else ntdll's public symbols. */
#define TEB_EXCEPTION_LIST 0x00 /* unused by 64-bit Windows, but Wine has frames of its own in it */
#define TEB_STACK_BASE 0x08
#define TEB_STACK_LIMIT 0x10
#define TEB_FIBER_DATA 0x20
#define TEB_ARBITRARY_POINTER 0x28
#define TEB_LAST_ERROR 0x68
#define TEB_DEALLOCATION_STACK 0x1478
#define TEB_TLS_SLOTS 0x1480
#define TEB_GUARANTEED_STACK_BYTES 0x1748
#define TEB_TLS_EXPANSION_SLOTS 0x1780

#define EXCEPTION_LIST_END -1 /* what Wine compares addresses with: the end of the list; a null pointer would be followed */
/* FiberData of a thread that is no fiber of the system, as NT has it: the word is shared with NT_TIB::Version. Not null, by
 * which Wine tells that a thread may be made a fiber: that would outlive the context that asks for it. */
#define FIBER_DATA_NONE 0x1e00

/* HeddleStackBounds (seam.hpp). */
#define BOUNDS_BASE 0
#define BOUNDS_LIMIT 8
#define BOUNDS_ALLOCATION 16

#define HOME_BYTES 32 /* above every return address, for the callee to keep its arguments in */

/* A parked context (context.S). Offset, register, why it is saved. The frame's address is a multiple of 16. */
#define SWAP_XMM6 0             /*  xmm6   callee-saved, all 128 bits; xmm7 to xmm15 follow it */
#define SWAP_MXCSR 160          /*  mxcsr  callee-saved control bits: rounding, exception masks, FTZ, DAZ, but no status */
#define SWAP_FCW 164            /*  x87 CW callee-saved: rounding, precision and masks of long double; two bytes */
#define SWAP_LAST_ERROR 168     /*  TEB    GetLastError of the code that runs here, not of the thread */
#define SWAP_GUARANTEED 172     /*  TEB    GuaranteedStackBytes: how large this stack's guard is to be */
#define SWAP_BOUNDS 176         /*         a HeddleStackBounds: */
#define SWAP_BASE 176           /*  TEB    StackBase */
#define SWAP_LIMIT 184          /*  TEB    StackLimit, which the system has moved as the stack grew */
#define SWAP_ALLOCATION 192     /*  TEB    DeallocationStack */
#define SWAP_FIBER_DATA 200     /*  TEB    FiberData: a system fiber keeps its own, a context of ours has none */
#define SWAP_EXCEPTION_LIST 208 /*  TEB    ExceptionList: frames on this stack */
#define SWAP_R12 216            /*  r12    callee-saved; in a fresh context: the argument of entry */
#define SWAP_R13 224            /*  r13    callee-saved */
#define SWAP_R14 232            /*  r14    callee-saved */
#define SWAP_R15 240            /*  r15    callee-saved */
#define SWAP_RDI 248            /*  rdi    callee-saved */
#define SWAP_RSI 256            /*  rsi    callee-saved */
#define SWAP_RBX 264            /*  rbx    callee-saved; in a fresh context: entry */
#define SWAP_RBP 272            /*  rbp    callee-saved; in a fresh context: 0, the end of the frame-pointer chain */
#define SWAP_PC 280             /*  rip    where it goes on: swap's return address, or the entry trampoline */
#define SWAP_BYTES 288

/* The frame of the entry trampoline, above the first parked frame: entry's home space, then a return address of 0, at which
 * unwinders stop, and another 0 for those that look one further. */
#define ENTRY_CALLER 40
#define ENTRY_BYTES 64
#define ENTRY_SKIP 1 /* where in heddle_context_entry a fresh context starts: behind the nop */

/* morestack (context.S), from its frame pointer, which is the parked frame's address; below it lies the home space for what it calls. */
#define MORE_QUESTION -16 /* a HeddleStackQuestion (seam.hpp): */
#define MORE_CALLER -16   /*   the parked caller */
#define MORE_CONTEXT -8
#define MORE_FUNCTION -24
#define MORE_LOCAL_BYTES 64
#define SEGMENT_HI 8 /* HeddleSegment (heddle/port/context_switcher.h) */
#define SEGMENT_BOUNDS 16

/* The bits of MXCSR that the ABI calls callee-saved; the low six are sticky status flags. */
#define MXCSR_CONTROL 0xffc0

/* heddle_call_on (call.S), from its frame pointer. */
#define CALL_OBJECT 32 /* the C++ exception on its way out, else 0; below it the home space of what call_on itself calls */
#define CALL_BASE 40   /* what the thread block said of the caller's stack */
#define CALL_LIMIT 48
#define CALL_ALLOCATION 56
#define CALL_EXCEPTION_LIST 64
#define CALL_LOCAL_BYTES 72
#define THROUGH_BYTES 40            /* the frame of heddle_call_through and heddle_run_below: home space and alignment */
#define STATUS_GCC_THROW 0x20474343 /* GCC's code for a C++ exception; its one parameter is the _Unwind_Exception */

/* The injected call (preempt.S), from its frame pointer: everything that the interrupted code may hold is saved here or, for
 * x87, SSE, AVX, AVX-512, PKRU and AMX, in the XSAVE area below it. From PREEMPT_PC on it is the machine frame that inject
 * pushes, in the order in which iretq takes it. */
#define PREEMPT_RAX 0 /*  rax    live, like all that follow, since the call happens between two instructions */
#define PREEMPT_RCX 8
#define PREEMPT_RDX 16
#define PREEMPT_RBX 24
#define PREEMPT_RSI 32
#define PREEMPT_RDI 40
#define PREEMPT_R8 48
#define PREEMPT_R9 56
#define PREEMPT_R10 64
#define PREEMPT_R11 72
#define PREEMPT_R12 80
#define PREEMPT_R13 88
#define PREEMPT_R14 96
#define PREEMPT_R15 104
#define PREEMPT_AREA 112       /* the address of the XSAVE area, kept across the call of the core */
#define PREEMPT_LAST_ERROR 120 /*  TEB    LastErrorValue: the core's calls of the system change it */
#define PREEMPT_SAVED_BYTES 128
#define PREEMPT_RBP 128   /*  rbp    is the frame pointer of async_preempt itself */
#define PREEMPT_PC 136    /*  rip */
#define PREEMPT_CS 144    /*  cs     as every 64-bit thread has it */
#define PREEMPT_FLAGS 152 /*  rflags arithmetic flags and DF */
#define PREEMPT_RSP 160   /*  rsp */
#define PREEMPT_SS 168    /*  ss */
#define PREEMPT_CFA 176   /* the interrupted rsp is here: there is no red zone to step over */

/* SaveArea (machine.h): how preempt.S saves the extended state; decided once, in open. */
#define AREA_METHOD 0     /* one of SAVE_* */
#define AREA_LEAN_BYTES 4 /* size of the area without the components of AREA_RARE */
#define AREA_FULL_BYTES 8 /* size of the area with every component that the processor has enabled */
#define AREA_HAS_AVX 12   /* nonzero: upper halves exist, and vzeroupper does */
#define AREA_ALL_LO 16    /* every enabled component, as XCR0 has it */
#define AREA_ALL_HI 20
#define AREA_RARE_LO 24   /* components that are left out of the area when they are not in use: the 8 KiB of AMX tiles */
#define AREA_PREEMPTED 32 /* HeddleHost::preempted */

#define SAVE_FXSAVE 0 /* no XSAVE: x87 and SSE are all there is */
#define SAVE_XSAVE 1  /* standard form, all components */
#define SAVE_XSAVEC 2 /* compacted form of the components in use, which XGETBV(1) names */

#define XSAVE_LEGACY_BYTES 512 /* FXSAVE image at the start of an XSAVE area */
#define XSAVE_HEADER_BYTES 64
#define XSAVE_ALIGNMENT 64
#define XSTATE_X87_SSE 3 /* always saved: MXCSR counts as SSE, but XGETBV(1) does not look at it */
#define XSTATE_TILEDATA 18
#define PAGE_BYTES 4096

/* HeddleThread (heddle/port/thread.h). */
#define THREAD_FIBER 0
#define THREAD_SYSTEM_SP 8
#define THREAD_SYSTEM_LO 16
#define THREAD_SYSTEM_HI 24

/* HeddleProcedureCall (heddle/port/procedure_caller.h). */
#define PROCEDURE_ADDRESS 8
#define PROCEDURE_WORDS 16
#define PROCEDURE_COUNT 24
#define PROCEDURE_LAST_ERROR 28
#define PROCEDURE_INTEGER 32
#define PROCEDURE_FLOATING 40

/* The shared user data page (vdso.S): KUSER_SHARED_DATA in ntddk.h. A time is a KSYSTEM_TIME in units of 100 ns. */
#define SHARED_INTERRUPT_TIME 0x7ffe0008
#define SHARED_SYSTEM_TIME 0x7ffe0014
#define TIME_LOW 0
#define TIME_HIGH1 4
#define TIME_HIGH2 8
#define NANOSECONDS_PER_UNIT 100
#define UNITS_TO_1970 116444736000000000 /* from 1601, where Windows counts from */

#ifdef __ASSEMBLER__
/* Opens and closes a function. Each says where its prologue ends (.seh_endprologue). One that is fallen into has alignment 0. */
.macro function name, alignment=6
  .globl \name
  .def \name
  .scl 2
  .type 32
  .endef
  .p2align \alignment
\name:
  .seh_proc \name
.endm

.macro end_function name
  .seh_endproc
.endm
#endif

#endif
