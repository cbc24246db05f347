/* FaultWatch, optional: the process is about to end by a fault. Interface id "heddle.fault_watch/1".
 *
 * The core says which fiber that is about and where its frames are, and the fault takes its course. Without it, and while the program has a
 * handler of its own for the fault, nothing is said. */
#ifndef HEDDLE_PORT_FAULT_WATCH_H
#define HEDDLE_PORT_FAULT_WATCH_H

#include "abi.h"
#include "context_switcher.h"

#ifdef __cplusplus
extern "C" {
#endif

#define HEDDLE_FAULT_WATCH_IID "heddle.fault_watch/1"

#define HEDDLE_FAULT_HAS_ADDRESS 1u /* memory could not be accessed */
#define HEDDLE_FAULT_WAS_SENT 2u    /* somebody has asked for it: the code that it struck is not to blame */

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

  /* From now on noticed(fault) is called when a fault is about to end the process, on the thread that it struck, in a signal handler or what
   * corresponds to that. It may take seconds. HEDDLE_E_UNSUPPORTED when the program has handlers for all of them. */
  HEDDLE_ON_ANY_THREAD
  int32_t(HEDDLE_CALL* watch)(void (*noticed)(const HeddleFault* fault));

  /* Undoes watch, which was successful. */
  HEDDLE_ON_ANY_THREAD
  void(HEDDLE_CALL* unwatch)(void);
} HeddleFaultWatch;

#ifdef __cplusplus
}
#endif

#endif
