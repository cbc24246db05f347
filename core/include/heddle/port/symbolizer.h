/* Symbolizer, optional: what lies at an address of code. Interface id "heddle.symbolizer/1".
 *
 * The core asks it for the frames of a dump. Without it they are numbers. */
#ifndef HEDDLE_PORT_SYMBOLIZER_H
#define HEDDLE_PORT_SYMBOLIZER_H

#include "abi.h"

#ifdef __cplusplus
extern "C" {
#endif

#define HEDDLE_SYMBOLIZER_IID "heddle.symbolizer/1"

typedef struct HeddleSymbol {
  uint32_t struct_size;
  uint32_t reserved;
  const char* module;    /* path of the file as the loader knows it; like name it is valid during the visit */
  uintptr_t module_base; /* where it is loaded */
  const char* name;      /* of the nearest function at or below the address, as it is linked (not demangled); null when none is known */
  uintptr_t start;       /* where that begins */
} HeddleSymbol;

typedef struct HeddleSymbolizer {
  uint32_t struct_size;
  uint32_t reserved;

  /* Calls visit once with what lies at `address`. HEDDLE_E_INVALID, and no call, when no module that is loaded does. */
  HEDDLE_ON_ANY_THREAD
  int32_t(HEDDLE_CALL* find)(uintptr_t address, void (*visit)(const HeddleSymbol* symbol, void* argument), void* argument);
} HeddleSymbolizer;

#ifdef __cplusplus
}
#endif

#endif
