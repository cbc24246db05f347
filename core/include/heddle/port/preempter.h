/* Preempter: how a running fiber is interrupted. One table for each strategy that a port has; interface id
 * "heddle.preempter/1#STRATEGY" (`signal`, `timer`, `suspend`, …).
 *
 * Delivery (enter, leave, request) brings the worker's thread to a stop at some instruction and calls
 * HeddleHost::deliver with the interrupted machine context. Injection (locate, inject) reads and rewrites that context. A
 * strategy that brings only a way of delivery leaves locate and inject null; the core then uses the port's. */
#ifndef HEDDLE_PORT_PREEMPTER_H
#define HEDDLE_PORT_PREEMPTER_H

#include "thread.h"

#ifdef __cplusplus
extern "C" {
#endif

#define HEDDLE_PREEMPTER_IID "heddle.preempter/1"

typedef struct HeddlePreempter {
  uint32_t struct_size;
  uint32_t inject_bytes; /* the most stack, red zone included, that the injected call needs before it calls the core */
  const char* strategy;  /* as in the interface id */

  /* Makes the calling thread interruptible: signal stack and its bounds in `thread`, mask, handles. */
  HEDDLE_ON_WORKER HEDDLE_ON_SYSTEM_STACK
  int32_t(HEDDLE_CALL* enter)(HeddleThread* thread);

  /* Undoes enter. No request is under way or comes later; the signal stack is gone when it returns. */
  HEDDLE_ON_WORKER HEDDLE_ON_SYSTEM_STACK
  void(HEDDLE_CALL* leave)(HeddleThread* thread);

  /* Asks for `thread`, which lies between enter and leave, to be interrupted soon. At most one request is under way for
   * a thread; more coalesce. HEDDLE_OK also when it coalesced. */
  HEDDLE_ON_ANY_THREAD HEDDLE_SIGNAL_SAFE HEDDLE_NEVER_BLOCKS
  int32_t(HEDDLE_CALL* request)(HeddleThread* thread);

  /* Reads where the interrupted code is. Like inject, called by whoever calls HeddleHost::deliver. machine_context: ucontext_t* on POSIX, CONTEXT* on Windows. */
  HEDDLE_ON_ANY_THREAD HEDDLE_SIGNAL_SAFE HEDDLE_NEVER_BLOCKS
  void(HEDDLE_CALL* locate)(const void* machine_context, HeddleRegisters* out);

  /* Makes the interrupted code call async_preempt when it goes on: the call saves every register, calls
   * HeddleHost::preempted, restores all and returns to the interrupted instruction. The core has checked that inject_bytes
   * lie free below the stack pointer. Negative when this instruction will not do: nothing was changed. */
  HEDDLE_ON_ANY_THREAD HEDDLE_SIGNAL_SAFE HEDDLE_NEVER_BLOCKS
  int32_t(HEDDLE_CALL* inject)(void* machine_context);

  /* Null for a strategy that is told when to strike. One that has a clock for each thread brings `thread`, which lies between enter
   * and leave, to a stop and calls HeddleHost::deliver in so many nanoseconds from now, at least 1, or never with INT64_MAX. Each call
   * replaces the one before; an alarm that could not be set any more may come all the same. */
  HEDDLE_ON_ANY_THREAD HEDDLE_SIGNAL_SAFE HEDDLE_NEVER_BLOCKS
  int32_t(HEDDLE_CALL* arm)(HeddleThread* thread, int64_t nanoseconds);
} HeddlePreempter;

#ifdef __cplusplus
}
#endif

#endif
