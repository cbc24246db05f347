/* ThreadWatch, optional: what the core's monitor asks about threads. Interface id "heddle.thread_watch/1".
 *
 * A thread that blocks in the kernel holds the right to run fibers without using it. The core takes that right away from such a
 * thread, and the thread finds out when it next enters the core. Entering and leaving are plain stores; fence is what makes them
 * safe, and only the one who takes pays for it. Without this interface a blocked thread keeps what it holds. */
#ifndef HEDDLE_PORT_THREAD_WATCH_H
#define HEDDLE_PORT_THREAD_WATCH_H

#include "thread.h"

#ifdef __cplusplus
extern "C" {
#endif

#define HEDDLE_THREAD_WATCH_IID "heddle.thread_watch/1"

typedef struct HeddleThreadWatch {
  uint32_t struct_size;
  uint32_t reserved;

  /* Has `thread`, which is bound, used no processor since the call that left *used, and does it wait in the kernel? *used is what
   * the thread has used so far, in a unit of the port's own, and is set to that now; begin with 0.
   * 1: it waits; 0: it ran, runs or could run; HEDDLE_E_UNSUPPORTED: the system does not tell. */
  HEDDLE_ON_ANY_THREAD
  int32_t(HEDDLE_CALL* waits)(const HeddleThread* thread, uint64_t* used);

  /* Every other thread of the process executes a full memory barrier between call and return, as does the caller (membarrier(2),
   * FlushProcessWriteBuffers). Negative: nothing is promised. */
  HEDDLE_ON_ANY_THREAD
  int32_t(HEDDLE_CALL* fence)(void);

  /* How many threads the process has; negative when the system does not tell. */
  HEDDLE_ON_ANY_THREAD
  int32_t(HEDDLE_CALL* count)(void);
} HeddleThreadWatch;

#ifdef __cplusplus
}
#endif

#endif
