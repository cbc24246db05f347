/* HeddlePort, the descriptor that a port exports, and HeddleHost, what the core offers to it. */
#ifndef HEDDLE_PORT_PORT_H
#define HEDDLE_PORT_PORT_H

#include "thread.h"

#ifdef __cplusplus
extern "C" {
#endif

#define HEDDLE_PORT_MAGIC 0x4c444448u /* "HDDL" */

/* Levels of HeddleHost::log. */
#define HEDDLE_LOG_ERROR 0
#define HEDDLE_LOG_WARNING 1
#define HEDDLE_LOG_INFO 2

typedef struct HeddleHost {
  uint32_t struct_size;
  uint32_t abi_version;

  /* One line, without a newline, of why something failed or what it fell back to. */
  HEDDLE_ON_ANY_THREAD
  void(HEDDLE_CALL* log)(int32_t level, const char* message);

  /* A setting of runtime.json by its JSON pointer ("/preempter/signal"), as text; null when it is not set. The text lives until
   * the process ends. Call it from open only. */
  HEDDLE_ON_ANY_THREAD
  const char*(HEDDLE_CALL* option)(const char* pointer);

  /* A strategy reports that `thread` stands still in machine_context because of a request: the caller is its signal handler, or a
   * thread that has suspended it. The core decides and, where the code may be preempted, has the port inject a call of
   * async_preempt into that context. `thread` is what TlsProvider::get says on that thread, and may be null.
   * 1: injected; 0: not now, the request stays pending; HEDDLE_E_NO_WORKER: not a worker's thread, the event is the program's. */
  HEDDLE_ON_ANY_THREAD HEDDLE_SIGNAL_SAFE HEDDLE_NEVER_BLOCKS
  int32_t(HEDDLE_CALL* deliver)(HeddleThread* thread, void* machine_context);

  /* What async_preempt calls once every register is saved, with the stack aligned as for any call. Returns when the fiber's
   * turn has come again, on the same thread or on another one. */
  HEDDLE_ON_FIBER_STACK
  void(HEDDLE_CALL* preempted)(void);

  /* This process is the child of a fork(), and has the one thread that called it. By then the port has forgotten the thread
   * (TlsProvider::get says null) and put back what it changed for it and for the process. `thread` is what get said before. Only where there
   * is a fork(). */
  HEDDLE_ON_ANY_THREAD HEDDLE_SIGNAL_SAFE HEDDLE_NEVER_BLOCKS
  void(HEDDLE_CALL* forked)(HeddleThread* thread);

  /* What ContextSwitcher::morestack calls, see there. The segment to call the function on; null: go back without a call. Ends the process
   * where no stack may grow. */
  HEDDLE_ON_ANY_THREAD
  HeddleSegment*(HEDDLE_CALL* new_stack)(const HeddleContext* caller, void* context);
} HeddleHost;

typedef struct HeddlePort {
  uint32_t magic;
  uint32_t abi_version;
  uint32_t struct_size;
  uint32_t reserved;
  const char* id;                  /* "linux-amd64" */
  const char* os;                  /* "linux", "windows" */
  const char* arch;                /* "amd64", "arm64", "arm", "386" */
  const char* version;             /* the port's own, free text */
  const char* const* interfaces;   /* every id that get_interface answers, for listings; ends with null */
  uint64_t capabilities;           /* HEDDLE_PORT_CAN_* */

  /* Once in a process, before any interface is used. Negative: this machine or process will not do, the log says why. */
  HEDDLE_ON_ANY_THREAD
  int32_t(HEDDLE_CALL* open)(const HeddleHost* host);

  /* No worker is left; the port gives back what open took (signal handlers). It may be opened again. */
  HEDDLE_ON_ANY_THREAD
  void(HEDDLE_CALL* close)(void);

  /* The table of that id, null when the port has none. An id may name a variant behind '#'. The loader asks before open, to
   * refuse a port that lacks something without having opened it; the tables' functions are not called then. */
  HEDDLE_ON_ANY_THREAD HEDDLE_NEVER_BLOCKS
  const void*(HEDDLE_CALL* get_interface)(const char* iid);
} HeddlePort;

#define HEDDLE_PORT_CAN_SAVE_ALL_REGISTERS 1u /* inject saves every register that the processor has enabled */

/* The one symbol that a port exports. Null when the port cannot serve a core of that ABI version. */
#define HEDDLE_PORT_QUERY_NAME "heddle_port_query"
typedef const HeddlePort*(HEDDLE_CALL* HeddlePortQuery)(uint32_t core_abi_version);

#ifdef __cplusplus
}
#endif

#endif
