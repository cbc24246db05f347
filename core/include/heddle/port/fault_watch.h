/* FaultWatch, optional: the process is about to end by a fault, or a thread has used its stack up. Interface id "heddle.fault_watch/1".
 *
 * The core says which fiber that is about and where its frames are, and the fault takes its course: if the program has a handler of its own
 * for it, that gets it as if there were no runtime, and nothing is said. Only a stack that is used up is the core's alone: it says so, and
 * ends the process, whatever handlers there are. Without this interface nothing is said of any fault. */
#ifndef HEDDLE_PORT_FAULT_WATCH_H
#define HEDDLE_PORT_FAULT_WATCH_H

#include "abi.h"
#include "context_switcher.h"
#include "thread.h"

#ifdef __cplusplus
extern "C" {
#endif

#define HEDDLE_FAULT_WATCH_IID "heddle.fault_watch/1"

#define HEDDLE_FAULT_HAS_ADDRESS 1u /* memory could not be accessed */
#define HEDDLE_FAULT_WAS_SENT 2u    /* somebody has asked for it: the code that it struck is not to blame */
#define HEDDLE_FAULT_MAY_BE_HANDLED 4u /* the process need not end: the program has, or may have, a handler that is next */
#define HEDDLE_FAULT_IS_OVERFLOW 8u /* the system says that the stack is used up, or the address lies below it */

typedef struct HeddleFault {
  uint32_t struct_size;
  uint32_t flags;
  const char* name;   /* what the system calls it ("SIGSEGV") */
  uintptr_t address;  /* with HEDDLE_FAULT_HAS_ADDRESS: of that memory */
  HeddleRegisters at; /* where the thread was */
} HeddleFault;

typedef struct HeddleFaultWatch {
  uint32_t struct_size;
  uint32_t reserved;

  /* From now on noticed(fault) is called on the thread that a fault has struck, in a signal handler or what corresponds to that: when the
   * fault is about to end the process; and, with HEDDLE_FAULT_MAY_BE_HANDLED, when the program's handler is about to get it, at least
   * if the fault is an access to memory below the stack of a thread that is bound and entered. Then there are 16 KiB of stack for the
   * call, none of them on the stack that is used up, and the unwinder leads from there to the code that was struck.
   * noticed may take seconds, and need not return. If it does, what comes next gets the fault unchanged. A handler that the program
   * sets later takes the place of the port's. HEDDLE_E_UNSUPPORTED when there is nothing to be noticed. */
  HEDDLE_ON_ANY_THREAD
  int32_t(HEDDLE_CALL* watch)(void (*noticed)(const HeddleFault* fault));

  /* Undoes watch, which was successful. The program's handlers are its own again. */
  HEDDLE_ON_ANY_THREAD
  void(HEDDLE_CALL* unwatch)(void);

  /* Gives the thread what it takes to call noticed when its stack is used up. It keeps that between callbacks, when the TLS slot is empty. On
   * Linux, an alternate signal stack, unless it has one that is large enough. HEDDLE_E_NO_MEMORY or HEDDLE_E_OS: it has to do without. */
  HEDDLE_ON_WORKER
  int32_t(HEDDLE_CALL* enter)(HeddleThread* thread);

  /* Takes it away, if enter has been called. Also after the port was closed. */
  HEDDLE_ON_WORKER
  void(HEDDLE_CALL* leave)(HeddleThread* thread);
} HeddleFaultWatch;

#ifdef __cplusplus
}
#endif

#endif
