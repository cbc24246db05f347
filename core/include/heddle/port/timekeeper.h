/* Timekeeper, optional: threads that must wake on time. Interface id "heddle.timekeeper/1".
 *
 * The core's monitor sleeps until a slice or a timer is due. An operating system lets such a thread wait, behind those that compute and
 * for its own convenience, unless it is told. Without this interface preemption works, some of it later. */
#ifndef HEDDLE_PORT_TIMEKEEPER_H
#define HEDDLE_PORT_TIMEKEEPER_H

#include "abi.h"

#ifdef __cplusplus
extern "C" {
#endif

#define HEDDLE_TIMEKEEPER_IID "heddle.timekeeper/1"

typedef struct HeddleTimekeeper {
  uint32_t struct_size;
  uint32_t reserved;

  /* Asks for the calling thread, which sleeps much and computes little, to be woken exactly and to run at once. It needs no privilege. What
   * the system does not offer is left out. */
  HEDDLE_ON_ANY_THREAD
  void(HEDDLE_CALL* enter)(void);
} HeddleTimekeeper;

#ifdef __cplusplus
}
#endif

#endif
