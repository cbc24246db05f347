/* CodeModules, optional: which code is loaded where. Interface id "heddle.code_modules/1".
 *
 * The core asks it to tell code that may be preempted from code that may not. Without it nothing is preempted
 * asynchronously, and checkpoints do the work alone. */
#ifndef HEDDLE_PORT_CODE_MODULES_H
#define HEDDLE_PORT_CODE_MODULES_H

#include "abi.h"

#ifdef __cplusplus
extern "C" {
#endif

#define HEDDLE_CODE_MODULES_IID "heddle.code_modules/1"

/* HeddleCodeModule::kind */
#define HEDDLE_CODE_PROGRAM 0 /* the main program */
#define HEDDLE_CODE_LIBRARY 1 /* any other library */
#define HEDDLE_CODE_SYSTEM 2  /* C and C++ libraries, unwinder, loader, allocator, vDSO: never preempted */

typedef struct HeddleCodeModule {
  uint32_t struct_size;
  uint32_t kind;
  const char* path; /* as the loader knows it; valid during the visit */
  uintptr_t lo;     /* one executable segment, [lo, hi) */
  uintptr_t hi;
} HeddleCodeModule;

typedef struct HeddleCodeModules {
  uint32_t struct_size;
  uint32_t reserved;

  /* Calls visit once for each executable segment that is loaded now. */
  HEDDLE_ON_ANY_THREAD
  void(HEDDLE_CALL* enumerate)(void (*visit)(const HeddleCodeModule* module, void* argument), void* argument);

  /* Optional: a number that is another one once code was loaded or unloaded; 0: it cannot tell. What enumerate says is as
   * new as the number that was read before it. The core asks before each request, so it should cost little. Without it the
   * core enumerates again when it meets code that it does not know. */
  HEDDLE_ON_ANY_THREAD
  uint64_t(HEDDLE_CALL* generation)(void);

  /* Optional: 1 when `name`, the name of a file without folders as /preempter/deny has it, stands for the module at `path`,
   * which enumerate told; else 0. Without it the path's last part must be the name. */
  HEDDLE_ON_ANY_THREAD HEDDLE_NEVER_BLOCKS
  int32_t(HEDDLE_CALL* matches)(const char* path, const char* name);
} HeddleCodeModules;

#ifdef __cplusplus
}
#endif

#endif
