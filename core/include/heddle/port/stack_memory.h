/* StackMemory, optional: memory for fiber stacks. Interface id "heddle.stack_memory/1".
 *
 * Without it the core takes stacks from the C++ heap, with no guard. */
#ifndef HEDDLE_PORT_STACK_MEMORY_H
#define HEDDLE_PORT_STACK_MEMORY_H

#include "abi.h"

#ifdef __cplusplus
extern "C" {
#endif

#define HEDDLE_STACK_MEMORY_IID "heddle.stack_memory/1"

typedef struct HeddleStackMemory {
  uint32_t struct_size;
  uint32_t page_bytes;

  /* Reserves `count` stacks of `bytes` each (a multiple of page_bytes), one above the other in one mapping, read-write and
   * lazily committed. With guard_bytes (a multiple of page_bytes, part of `bytes`) that much at the low end of
   * each faults when touched. The address of the lowest comes back in *out. Where the system grows stacks page by page, only the
   * thread that runs on a stack may touch it beyond what has been touched, from the top downwards, and the last pages above the
   * guard are the system's for telling of an overflow (kept_bytes at most).
   * HEDDLE_E_NO_MEMORY when address space or mappings ran out; the log names the limit and how to raise it. The program finds that line in
   * the exception that it gets, so a call that fails logs one line. */
  HEDDLE_ON_ANY_THREAD
  int32_t(HEDDLE_CALL* reserve)(size_t bytes, size_t guard_bytes, size_t count, void** out);

  /* Gives all of one reservation back. */
  HEDDLE_ON_ANY_THREAD
  void(HEDDLE_CALL* release)(void* base, size_t bytes, size_t count);

  /* The contents of [base, base + bytes) are not needed any more: the pages may go back to the OS; they read as zero or as
   * they were when touched again. */
  HEDDLE_ON_ANY_THREAD
  void(HEDDLE_CALL* discard)(void* base, size_t bytes);

  /* How many of the lowest bytes above a guard may be the system's, see reserve: whoever touches them has used the stack up. 0 where it may be
   * used to the last byte. */
  uint32_t kept_bytes;
} HeddleStackMemory;

#ifdef __cplusplus
}
#endif

#endif
