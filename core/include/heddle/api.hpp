// HEDDLE_API marks what the shared library exports; everything else in it is hidden. HEDDLE_API_VARIABLE does so for a variable, which a
// system may want to be told apart: whether it lies in this library or in another. HEDDLE_OBJECTS is defined where it lies in this one.
#pragma once

#include <heddle/port/abi.h>

#define HEDDLE_API HEDDLE_PORT_EXPORT
#ifdef HEDDLE_OBJECTS
#define HEDDLE_API_VARIABLE HEDDLE_PORT_EXPORT
#else
#define HEDDLE_API_VARIABLE HEDDLE_PORT_IMPORT
#endif
