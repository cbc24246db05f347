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
} HeddleCodeModules;

#ifdef __cplusplus
}
#endif

#endif
