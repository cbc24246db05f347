/* DumpRequest, optional: the operator asks for a dump of all fibers. Interface id "heddle.dump_request/1".
 *
 * The core answers with the dump and ends the process. Without it, or while the program has a handler of its own for the same
 * event, it does what it would have done. */
#ifndef HEDDLE_PORT_DUMP_REQUEST_H
#define HEDDLE_PORT_DUMP_REQUEST_H

#include "abi.h"

#ifdef __cplusplus
extern "C" {
#endif

#define HEDDLE_DUMP_REQUEST_IID "heddle.dump_request/1"

typedef struct HeddleDumpRequest {
  uint32_t struct_size;
  uint32_t threads; /* how many threads of the port's own live between watch and unwatch */

  /* From now on asked(event) is called once the event has come; `event` is its name ("SIGQUIT"). It may be called in a signal handler.
   * HEDDLE_E_UNSUPPORTED when the program has a handler for the event: that is left alone. */
  HEDDLE_ON_ANY_THREAD
  int32_t(HEDDLE_CALL* watch)(void (*asked)(const char* event));

  /* Undoes watch, which was successful. */
  HEDDLE_ON_ANY_THREAD
  void(HEDDLE_CALL* unwatch)(void);

  /* Ends the process at once with that exit status, whatever its other threads hold: no code of theirs, of libraries that are ended, or
   * of static destructors runs any more. May be null, or lie beyond struct_size, where the C library's _Exit does that. */
  HEDDLE_ON_ANY_THREAD
  void(HEDDLE_CALL* end)(int32_t status);
} HeddleDumpRequest;

#ifdef __cplusplus
}
#endif

#endif
