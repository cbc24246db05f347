/* TlsProvider: which worker does this thread belong to? Interface id "heddle.tls_provider/1".
 *
 * get is the most called function of a port. It must read the slot anew at each call (a fiber may have moved to another
 * thread since the last), so it is an opaque call and never a cached address. */
#ifndef HEDDLE_PORT_TLS_PROVIDER_H
#define HEDDLE_PORT_TLS_PROVIDER_H

#include "thread.h"

#ifdef __cplusplus
extern "C" {
#endif

#define HEDDLE_TLS_PROVIDER_IID "heddle.tls_provider/1"

typedef struct HeddleTlsProvider {
  uint32_t struct_size;
  uint32_t reserved;

  /* Sets the thread's slot up and points it to `thread`; fills thread->os_thread, system_lo and system_hi. */
  HEDDLE_ON_ANY_THREAD
  int32_t(HEDDLE_CALL* bind)(HeddleThread* thread);

  /* The thread's HeddleThread; null on a thread that was never bound, or was cleared. */
  HEDDLE_ON_ANY_THREAD HEDDLE_SIGNAL_SAFE HEDDLE_NEVER_BLOCKS
  HeddleThread*(HEDDLE_CALL* get)(void);

  /* The slot reads null again. */
  HEDDLE_ON_ANY_THREAD HEDDLE_SIGNAL_SAFE HEDDLE_NEVER_BLOCKS
  void(HEDDLE_CALL* clear)(void);

  /* Has exited(thread) called on this thread when it ends while still bound. One call for a thread is enough; a null
   * argument takes it back. HEDDLE_E_UNSUPPORTED where the OS does not tell. */
  HEDDLE_ON_ANY_THREAD
  int32_t(HEDDLE_CALL* on_thread_exit)(void(HEDDLE_CALL* exited)(HeddleThread* thread));

  /* Points the slot to `thread` again, which was bound on this thread before and cleared since. */
  HEDDLE_ON_ANY_THREAD HEDDLE_SIGNAL_SAFE HEDDLE_NEVER_BLOCKS
  void(HEDDLE_CALL* set)(HeddleThread* thread);

  /* The calling thread's word with which code that has split stacks compares its stack pointer before it makes a frame. Null where
   * compilers have no such code. */
  HEDDLE_ON_ANY_THREAD HEDDLE_SIGNAL_SAFE HEDDLE_NEVER_BLOCKS
  uintptr_t*(HEDDLE_CALL* stack_limit)(void);
} HeddleTlsProvider;

#ifdef __cplusplus
}
#endif

#endif
