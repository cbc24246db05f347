/* HeddleThread: what a port may know of a worker, and where it keeps what it knows of the worker's thread.
 *
 * The core embeds one at the start of each worker; the TLS slot of the port points to it. Assembly addresses its fields by
 * offset, so the order is part of the ABI: fields are only ever added at the end. Every field but `fiber` is written
 * by the worker's own thread or before that thread starts. */
#ifndef HEDDLE_PORT_THREAD_H
#define HEDDLE_PORT_THREAD_H

#include "context_switcher.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct HeddleThread {
  void* fiber;           /* the fiber that runs here, null while the scheduler does; written by the core at every switch */
  HeddleContext system;  /* where the scheduler was left on the system stack; valid while fiber is not null */
  uintptr_t system_lo;   /* bounds of the system stack, [lo, hi); 0 when not known */
  uintptr_t system_hi;
  uintptr_t signal_lo;   /* bounds of the signal stack, [lo, hi), set by Preempter::enter; 0 when there is none. The word at
                            signal_lo is the fiber while a vDSO call is under way, else 0 */
  uintptr_t signal_hi;
  uintptr_t vdso_pc;     /* the pc and sp of whoever called VdsoCaller, while a call is under way, else 0 */
  uintptr_t vdso_sp;
  void* preempter_data;  /* belongs to the Preempter between enter and leave */
  uintptr_t os_thread;   /* the OS's number for the thread, set by TlsProvider::bind */
  void* fault_watch_data; /* belongs to the FaultWatch between enter and leave */
} HeddleThread;

#ifdef __cplusplus
}
#endif

#endif
