/* The words that every header of the port ABI uses: version, errors, export and calling-convention macros, caller tags.
 *
 * This is the only file of the core that may ask which compiler or OS it is compiled for.
 * All headers in this folder are C11 and compile unchanged as C++; a third party needs nothing else to write a port.
 *
 * Rules that hold for every function in these tables:
 *   - Tables and the strings in them are static for the life of the process; a loaded port is never unmapped.
 *   - No C++ type, exception, bool, enum or by-value struct crosses the boundary.
 *   - A function that can fail returns HEDDLE_OK or a negative HEDDLE_E_*; the detail goes through HeddleHost::log.
 *   - A table begins with its struct_size and grows only at its end, within one interface version. */
#ifndef HEDDLE_PORT_ABI_H
#define HEDDLE_PORT_ABI_H

#include <stddef.h>
#include <stdint.h>

/* A change of the major number breaks ports; a change of the minor one adds to the end of a table. */
#define HEDDLE_ABI_MAJOR 1u
#define HEDDLE_ABI_MINOR 0u
#define HEDDLE_ABI_VERSION ((HEDDLE_ABI_MAJOR << 16) | HEDDLE_ABI_MINOR)

/* Errors. */
#define HEDDLE_OK 0
#define HEDDLE_E_INVALID (-1)     /* an argument or an option is wrong */
#define HEDDLE_E_UNSUPPORTED (-2) /* this machine, kernel or process cannot do it */
#define HEDDLE_E_NO_MEMORY (-3)   /* memory, address space or mappings ran out */
#define HEDDLE_E_OS (-4)          /* a system call failed; the log has its name and errno */
#define HEDDLE_E_NO_WORKER (-5)   /* the calling thread is no worker of the runtime */

/* Who may call a function. Each slot of a table carries one thread tag and, where it differs from the default, more:
 * by default a function may be called on any stack, may block, and is not async-signal-safe. */
#define HEDDLE_ON_ANY_THREAD    /* any thread of the process */
#define HEDDLE_ON_WORKER        /* only on the worker's own thread */
#define HEDDLE_ON_SYSTEM_STACK  /* not on a fiber's stack */
#define HEDDLE_ON_FIBER_STACK   /* only while a fiber runs */
#define HEDDLE_SIGNAL_SAFE      /* async-signal-safe: no lock, no allocation (signal-safety(7)) */
#define HEDDLE_NEVER_BLOCKS     /* returns in bounded time */

#if defined(_WIN32)
#define HEDDLE_PORT_EXPORT __declspec(dllexport)
#define HEDDLE_PORT_IMPORT __declspec(dllimport) /* of a variable; a function does without */
#else
#define HEDDLE_PORT_EXPORT __attribute__((visibility("default")))
#define HEDDLE_PORT_IMPORT HEDDLE_PORT_EXPORT
#endif

/* Every pointer in a table uses the C calling convention of the machine; on 32-bit x86 that must be said. */
#if defined(_WIN32) && defined(__i386__)
#define HEDDLE_CALL __cdecl
#else
#define HEDDLE_CALL
#endif

#endif
