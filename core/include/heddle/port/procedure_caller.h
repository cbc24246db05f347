/* ProcedureCaller, optional: procedures of the system's libraries, found by name and called with arguments that are known at run time only.
 * Interface id "heddle.procedure_caller/1". For systems whose own calls are such procedures, as Windows; heddle::windows is made of it.
 *
 * Nothing here depends on what open sets up: on a thread of its own a call may last longer than the port is open. */
#ifndef HEDDLE_PORT_PROCEDURE_CALLER_H
#define HEDDLE_PORT_PROCEDURE_CALLER_H

#include "abi.h"

#ifdef __cplusplus
extern "C" {
#endif

#define HEDDLE_PROCEDURE_CALLER_IID "heddle.procedure_caller/1"

#define HEDDLE_PROCEDURE_MAX_WORDS 42

/* HeddleProcedureCall::result: what the procedure returns. */
#define HEDDLE_PROCEDURE_INTEGER 0u /* an integer, a pointer, or nothing */
#define HEDDLE_PROCEDURE_FLOAT 1u
#define HEDDLE_PROCEDURE_DOUBLE 2u

typedef struct HeddleProcedureCall {
  uint32_t struct_size;
  uint32_t result; /* one of the above */
  void* procedure;
  const uintptr_t* words; /* its arguments, each in as many words as it has; a float alone in a word is the low half of that */
  uint32_t count;         /* of words, at most HEDDLE_PROCEDURE_MAX_WORDS; nothing is read beyond them */

  /* Written by call: */
  uint32_t last_error; /* the thread's, which was set to 0 before the procedure, right after it */
  uint64_t integer;    /* 64 bits, also where a word has fewer; what is beyond the procedure's type is undefined */
  double floating;     /* of a procedure that returns a float: its value; of others than these two 0 */
} HeddleProcedureCall;

typedef struct HeddleProcedureCaller {
  uint32_t struct_size;
  uint32_t reserved;

  /* Loads a library of the system's, from the system's own folder alone, for as long as the process lives. `name` is UTF-8, and no path.
   * HEDDLE_E_INVALID when it is one, or empty, or not UTF-8; HEDDLE_E_OS when there is none, with the system's number in *error. */
  HEDDLE_ON_ANY_THREAD
  int32_t(HEDDLE_CALL* load_library)(const char* name, void** library, uint32_t* error);

  /* The address of what the library exports by that name. HEDDLE_E_OS when there is nothing, with the system's number in *error. */
  HEDDLE_ON_ANY_THREAD
  int32_t(HEDDLE_CALL* get_proc_address)(void* library, const char* name, void** procedure, uint32_t* error);

  /* Calls the procedure, on the caller's stack, whatever convention it has for removing its arguments. The words go where the convention has
   * the arguments of a C function, and where those may be floating point, there too. HEDDLE_E_INVALID, and nothing is called, for
   * too many words. An exception may unwind through it, and whoever switches stacks may abandon it. */
  HEDDLE_ON_ANY_THREAD
  int32_t(HEDDLE_CALL* call)(HeddleProcedureCall* call);

  /* The calling thread's last error. The core keeps it over its own calls of the system, which lie between a foreign call and whoever
   * has made that. */
  HEDDLE_ON_ANY_THREAD HEDDLE_SIGNAL_SAFE HEDDLE_NEVER_BLOCKS
  uint32_t(HEDDLE_CALL* get_last_error)(void);

  HEDDLE_ON_ANY_THREAD HEDDLE_SIGNAL_SAFE HEDDLE_NEVER_BLOCKS
  void(HEDDLE_CALL* set_last_error)(uint32_t error);
} HeddleProcedureCaller;

#ifdef __cplusplus
}
#endif

#endif
