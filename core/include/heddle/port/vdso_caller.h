/* VdsoCaller: the time without a system call. One table for each source that a port has; interface id
 * "heddle.vdso_caller/1#SOURCE" (`vdso`, `syscall`, …), without a source the port's best.
 *
 * Where the clock is a vDSO's, a call runs on the worker's system stack (how much stack a vDSO needs is not documented), publishes
 * the fiber in the bottom word of the signal stack, and notes the caller's pc and sp in the HeddleThread, so that a signal handler
 * that interrupts it finds both. It nests: what was noted before is restored. */
#ifndef HEDDLE_PORT_VDSO_CALLER_H
#define HEDDLE_PORT_VDSO_CALLER_H

#include "abi.h"

#ifdef __cplusplus
extern "C" {
#endif

#define HEDDLE_VDSO_CALLER_IID "heddle.vdso_caller/1"

typedef struct HeddleVdsoCaller {
  uint32_t struct_size;
  uint32_t reserved;
  const char* source; /* what it uses in fact: "vdso", "syscall", "shared page" */

  /* Nanoseconds of the clock that never jumps (CLOCK_MONOTONIC, interrupt time). */
  HEDDLE_ON_ANY_THREAD HEDDLE_SIGNAL_SAFE HEDDLE_NEVER_BLOCKS
  int64_t(HEDDLE_CALL* monotonic_ns)(void);

  /* Nanoseconds since 1970-01-01 00:00 UTC. */
  HEDDLE_ON_ANY_THREAD HEDDLE_SIGNAL_SAFE HEDDLE_NEVER_BLOCKS
  int64_t(HEDDLE_CALL* realtime_ns)(void);

  /* Is pc inside the vDSO's loaded segment? 1 or 0. */
  HEDDLE_ON_ANY_THREAD HEDDLE_SIGNAL_SAFE HEDDLE_NEVER_BLOCKS
  int32_t(HEDDLE_CALL* contains)(uintptr_t pc);

  /* The address of a symbol of the vDSO, null when it has none of that name. */
  HEDDLE_ON_ANY_THREAD
  void*(HEDDLE_CALL* symbol)(const char* name);
} HeddleVdsoCaller;

#ifdef __cplusplus
}
#endif

#endif
