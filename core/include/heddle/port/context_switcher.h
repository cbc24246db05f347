/* ContextSwitcher: contexts and the switches between them. Interface id "heddle.context_switcher/1". */
#ifndef HEDDLE_PORT_CONTEXT_SWITCHER_H
#define HEDDLE_PORT_CONTEXT_SWITCHER_H

#include "abi.h"

#ifdef __cplusplus
extern "C" {
#endif

#define HEDDLE_CONTEXT_SWITCHER_IID "heddle.context_switcher/1"

/* A parked context is the stack pointer of the frame that its registers were saved in. */
typedef struct HeddleContext {
  void* sp;
} HeddleContext;

/* Where some code is, or would go on. */
typedef struct HeddleRegisters {
  uintptr_t pc;
  uintptr_t sp;
  uintptr_t fp;
} HeddleRegisters;

/* A stack that morestack goes on on: the usable bytes [lo, hi). */
typedef struct HeddleSegment {
  void* lo;
  void* hi;
  uintptr_t port[4]; /* the port's own; zero before the first use */
} HeddleSegment;

/* The first function of a context. `transfer` comes from whoever switched to it first. It never returns. */
typedef void(HEDDLE_CALL* HeddleEntry)(void* transfer, void* argument);

typedef struct HeddleContextSwitcher {
  uint32_t struct_size;
  uint32_t frame_bytes; /* the most stack that make, swap and the first call of entry use together */

  /* Prepares *out so that the first switch to it calls entry(transfer, argument) on the stack [stack_lo, stack_hi).
   * The new context has the caller's floating-point control words. stack_hi need not be aligned. */
  HEDDLE_ON_ANY_THREAD HEDDLE_NEVER_BLOCKS
  void(HEDDLE_CALL* make)(HeddleContext* out, void* stack_lo, void* stack_hi, HeddleEntry entry, void* argument);

  /* Parks the caller in *save and goes on in *to. Saves what the ABI calls callee-saved, and the floating-point control
   * words. Returns the `transfer` of whoever switches back to *save. */
  HEDDLE_ON_ANY_THREAD HEDDLE_NEVER_BLOCKS
  void*(HEDDLE_CALL* swap)(HeddleContext* save, const HeddleContext* to, void* transfer);

  /* Goes on in *to and forgets the caller. */
  HEDDLE_ON_ANY_THREAD HEDDLE_NEVER_BLOCKS
  void(HEDDLE_CALL* jump)(const HeddleContext* to, void* transfer);

  /* As swap, but first runs function(transfer) on top of *to; its result is what the swap in *to returns. *to must
   * have been parked by swap (not fresh from make). */
  HEDDLE_ON_ANY_THREAD HEDDLE_NEVER_BLOCKS
  void*(HEDDLE_CALL* swap_on_top)(HeddleContext* save, const HeddleContext* to, void* (*function)(void* transfer),
                                  void* transfer);

  /* Calls function(argument) with the stack pointer at stack_top (rounded down to the ABI's alignment), comes back to the
   * caller's stack and returns its result. An exception may unwind through it. */
  HEDDLE_ON_ANY_THREAD
  void*(HEDDLE_CALL* call_on)(void* stack_top, void* (*function)(void* argument), void* argument);

  /* Where a parked context will go on: the registers of swap's caller, or those of entry. */
  HEDDLE_ON_ANY_THREAD HEDDLE_SIGNAL_SAFE HEDDLE_NEVER_BLOCKS
  void(HEDDLE_CALL* inspect)(const HeddleContext* context, HeddleRegisters* out);

  /* How many bytes of a thread's exception globals (abi::__cxa_get_globals) belong to the context that runs: the core exchanges
   * them at each switch. At most 4 * sizeof(void*). */
  uint32_t exception_globals_bytes;

  /* Parks the caller in *save as swap does, and calls function(argument) below the parked context *on, which stays parked, on the stack of
   * that. Returns the function's result, with whatever floating-point control words it left; or the transfer of whoever
   * switches to *save meanwhile, who abandons the function: its frames are not unwound. No exception leaves the function. */
  HEDDLE_ON_ANY_THREAD
  void*(HEDDLE_CALL* park_and_call)(HeddleContext* save, const HeddleContext* on, void* (*function)(void* argument), void* argument);

  /* *inner was parked after *outer on the same stack, and will never go on: how far the stack has grown since is what *outer is to know.
   * Null where the port keeps nothing of that kind. A jump sees to it for the stack that its caller runs on. */
  HEDDLE_ON_ANY_THREAD HEDDLE_NEVER_BLOCKS
  void(HEDDLE_CALL* inherit)(const HeddleContext* outer, const HeddleContext* inner);

  /* function(context) wants more stack than there is. Before anything else the caller is parked as swap does it; then HeddleHost::new_stack
   * gets the parked context and `context`, on the thread's system stack below where the scheduler was left, if a fiber runs and the stack pointer
   * is within none of the stacks that the HeddleThread names; else on the stack that the caller is on. function(context) is called on the segment
   * that comes back, and its result returned; an exception may unwind through this. Null when new_stack returned null. When new_stack
   * switches away instead: the transfer of whoever switches to the parked caller.
   * When function is entered, `context` is also in the register in which the machine's ABI passes the address of a closure (the static
   * chain of nested functions). It is written nowhere but to the caller's stack. */
  HEDDLE_ON_ANY_THREAD
  void*(HEDDLE_CALL* morestack)(void* (*function)(void* context), void* context);
} HeddleContextSwitcher;

#ifdef __cplusplus
}
#endif

#endif
