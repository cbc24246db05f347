/* The register table of windows-386: which register lies where in each frame that this port's assembly builds, and why.
 *
 * Included by the .S files, and by machine.h, which asserts that the offsets into C structures are the compiler's.
 * Offsets are from the stack pointer at the frame's low end; the stack grows down, so the return address comes last.
 * Source for what is saved when: Microsoft, "Argument passing and naming conventions" and "__cdecl" (callee-saved: ebx ebp
 * esi edi; arguments on the stack, removed by the caller); the control words of SSE and x87 belong to the context. There is
 * no red zone. Windows aligns stacks to 4 bytes; GCC keeps 16 at its calls, and so does this port. */
#ifndef HEDDLE_WINDOWS_386_FRAME_H
#define HEDDLE_WINDOWS_386_FRAME_H

/* A parked context (context.S). Offset, register, why it is saved. */
#define SWAP_MXCSR 0           /*  mxcsr  callee-saved control bits: rounding, masks, FTZ, DAZ (the status bits are not) */
#define SWAP_FCW 4             /*  x87 CW callee-saved: rounding, precision and masks of long double */
#define SWAP_LAST_ERROR 8      /*  TEB    GetLastError of the code that runs here; 0 in a fresh context */
#define SWAP_BOUNDS 12         /*         a HeddleStackBounds: */
#define SWAP_BASE 12           /*  TEB    StackBase */
#define SWAP_LIMIT 16          /*  TEB    StackLimit, which the system has moved as the stack grew */
#define SWAP_ALLOCATION 20     /*  TEB    DeallocationStack */
#define SWAP_GUARANTEED 24     /*  TEB    GuaranteedStackBytes: what a handler of stack overflow has; 0 in a fresh context */
#define SWAP_FIBER_DATA 28     /*  TEB    FiberData: the system's fiber; FIBER_DATA_NONE in a fresh context */
#define SWAP_EXCEPTION_LIST 32 /*  TEB    ExceptionList: the innermost handler on this stack; in a fresh context ROOT_RECORD */
#define SWAP_EDI 36            /*  edi    callee-saved */
#define SWAP_ESI 40            /*  esi    callee-saved */
#define SWAP_EBX 44            /*  ebx    callee-saved; in a fresh context: entry */
#define SWAP_EBP 48            /*  ebp    callee-saved; in a fresh context: 0, the end of the frame-pointer chain */
#define SWAP_PC 52             /*  eip    where it goes on: the return address that `call swap` pushed, or the entry trampoline */
#define SWAP_BYTES 56
#define ENTRY_SKIP 1 /* where in heddle_context_entry a fresh context starts: behind the nop */

/* What make puts above a fresh context, from the stack pointer that heddle_context_entry starts with: a multiple of 16. */
#define ROOT_TRANSFER 0 /* the arguments of entry; the first is filled in by heddle_context_entry */
#define ROOT_ARGUMENT 4
#define ROOT_RECORD 16  /* the end of the exception chain, as RECORDS_* */
#define ROOT_BYTES 32

/* The end of the exception chain on each stack that is not a thread's first: a record whose handler is heddle_last_handler,
 * and behind it one as at the end of a thread's chain. Windows can be set (SEHOP) to refuse a chain that does not end in the
 * system's handler. */
#define RECORDS_NEXT 0           /* the address of RECORDS_FINAL_NEXT */
#define RECORDS_HANDLER 4        /* heddle_last_handler */
#define RECORDS_FINAL_NEXT 8     /* EXCEPTION_LIST_END */
#define RECORDS_FINAL_HANDLER 12 /* heddle_final_handler (machine.h) */
#define RECORDS_BYTES 16
#define EXCEPTION_LIST_END -1

/* What FiberData holds on a thread that is no fiber: the word was the subsystem's version once, and is 30.0 on Windows NT. Not
 * null, by which Wine tells that a thread may become a fiber of the system: the conversion would hold for one context only. */
#define FIBER_DATA_NONE 0x1e00

/* morestack (context.S), from its frame pointer, which is the parked frame's address. */
#define MORE_FUNCTION SWAP_BYTES /* the arguments */
#define MORE_ARGUMENT SWAP_BYTES + 4
#define MORE_QUESTION -8 /* a HeddleStackQuestion (windows/seam.hpp): */
#define MORE_CALLER -8   /*   the parked caller */
#define MORE_CONTEXT -4
#define MORE_LOCAL_BYTES 24
#define SEGMENT_HI 4 /* HeddleSegment (heddle/port/context_switcher.h) */
#define SEGMENT_BOUNDS 8

/* The registers of interrupted code in the CONTEXT that an exception handler gets. */
#define CONTEXT_EDI 0x9c
#define CONTEXT_ESI 0xa0
#define CONTEXT_EBX 0xa4
#define CONTEXT_EBP 0xb4
#define CONTEXT_EIP 0xb8
#define CONTEXT_ESP 0xc4

/* The bits of MXCSR that the ABI calls callee-saved; the low six are sticky status flags. */
#define MXCSR_CONTROL 0xffc0

/* A call on another stack (call.S), from the frame pointer of heddle_call_on. */
#define CALL_STACK_TOP 8   /* the arguments */
#define CALL_FUNCTION 12
#define CALL_ARGUMENT 16
#define CALL_BOUNDS 20
#define CALL_BASE -4       /* the words of the thread block that name the caller's stack */
#define CALL_LIMIT -8
#define CALL_ALLOCATION -12
#define CALL_EXCEPTION_LIST -16

/* HeddleStackBounds (windows/seam.hpp). */
#define BOUNDS_BASE 0
#define BOUNDS_LIMIT 4
#define BOUNDS_ALLOCATION 8

/* The thread block (TEB), which fs points to. */
#define TEB_EXCEPTION_LIST 0x000
#define TEB_STACK_BASE 0x004
#define TEB_STACK_LIMIT 0x008
#define TEB_FIBER_DATA 0x010
#define TEB_ARBITRARY_POINTER 0x014
#define TEB_LAST_ERROR 0x034
#define TEB_DEALLOCATION_STACK 0xe0c
#define TEB_TLS_SLOTS 0xe10
#define TEB_GUARANTEED_STACK_BYTES 0xf78
#define TEB_TLS_EXPANSION_SLOTS 0xf94

/* The injected call (preempt.S), from its frame pointer: everything that the interrupted code may hold is saved here or, for
 * x87, SSE, AVX, AVX-512 and PKRU, in the XSAVE area below it. Offsets are from ebp after the prologue. */
#define PREEMPT_EBP 0    /*  ebp    is the frame pointer of async_preempt itself */
#define PREEMPT_PC 4     /*  eip    pushed by inject; `iretl` takes these three */
#define PREEMPT_CS 8     /*  cs     the same for all code; iretl wants it */
#define PREEMPT_FLAGS 12 /*  eflags arithmetic flags, DF, and what else user code may set */
#define PREEMPT_CFA 16   /*  esp    of the interrupted code */
#define PREEMPT_EAX -4   /*  eax    live, like all that follow, since the call happens between two instructions */
#define PREEMPT_ECX -8
#define PREEMPT_EDX -12
#define PREEMPT_EBX -16
#define PREEMPT_ESI -20
#define PREEMPT_EDI -24
#define PREEMPT_LAST_ERROR -28 /* TEB LastErrorValue: code between two system calls may be about to read it */
#define PREEMPT_AREA -32       /* the address of the XSAVE area, kept across the call of the core */
#define PREEMPT_SAVED_BYTES 32
#define PREEMPT_MACHINE_BYTES 12 /* eip, cs, eflags */

/* SaveArea (machine.h): how preempt.S saves the extended state; decided once, in open. */
#define AREA_METHOD 0   /* one of SAVE_* */
#define AREA_BYTES 4    /* size of the area */
#define AREA_HAS_AVX 8  /* nonzero: upper halves exist, and vzeroupper does */
#define AREA_ALL_LO 16 /* the components that are saved: those of XCR0 that 32-bit code can hold */
#define AREA_ALL_HI 20
#define AREA_PREEMPTED 24 /* HeddleHost::preempted */

#define SAVE_FXSAVE 0 /* no XSAVE: x87 and SSE are all there is */
#define SAVE_XSAVE 1  /* standard form */
#define SAVE_XSAVEC 2 /* compacted form */

#define XSAVE_LEGACY_BYTES 512 /* FXSAVE image at the start of an XSAVE area */
#define XSAVE_HEADER_BYTES 64
#define XSAVE_ALIGNMENT 64
#define XSTATE_X87_SSE 3

#define PAGE_BYTES 4096

/* HeddleThread (heddle/port/thread.h). */
#define THREAD_FIBER 0
#define THREAD_SYSTEM_SP 4
#define THREAD_SYSTEM_LO 8
#define THREAD_SYSTEM_HI 12

/* HeddleProcedureCall (heddle/port/procedure_caller.h). */
#define PROCEDURE_RESULT 4
#define PROCEDURE_ADDRESS 8
#define PROCEDURE_WORDS 12
#define PROCEDURE_COUNT 16
#define PROCEDURE_LAST_ERROR 20
#define PROCEDURE_INTEGER 24
#define PROCEDURE_FLOATING 32

#define PROCEDURE_RESULT_FLOAT 1 /* HEDDLE_PROCEDURE_FLOAT: HEDDLE_PROCEDURE_INTEGER is less, HEDDLE_PROCEDURE_DOUBLE more */

/* KUSER_SHARED_DATA, which the system maps into every process (vdso.S), and its KSYSTEM_TIME: units of 100 ns. */
#define SHARED_INTERRUPT_TIME 0x7ffe0008
#define SHARED_SYSTEM_TIME 0x7ffe0014
#define TIME_LOW 0
#define TIME_HIGH1 4
#define TIME_HIGH2 8
#define NANOSECONDS_PER_UNIT 100
/* 1970 in units since 1601: 116444736000000000. */
#define UNIX_EPOCH_LO 0xd53e8000
#define UNIX_EPOCH_HI 0x019db1de

#ifdef __ASSEMBLER__
/* Opens and closes a function. C knows it without the underscore that 32-bit Windows puts before every symbol. It is not
 * exported, since nothing is that is not declared so. What differs from an ordinary call in its CFI must come before its first
 * instruction. */
.macro function name
  .globl _\name
  .def _\name
  .scl 2
  .type 32
  .endef
  .p2align 6
_\name:
  .cfi_startproc
.endm

.macro end_function name
  .cfi_endproc
.endm
#endif

#endif
