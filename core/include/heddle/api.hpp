// HEDDLE_API marks what the shared library exports; everything else in it is hidden. HEDDLE_API_FUNCTION does so for a function that is no
// member; calls of it spare themselves the detour over the procedure linkage table, where the compiler can: that is a tenth of the
// fastest ones. HEDDLE_API_VARIABLE does so for a variable, which a system may want to be told apart: whether it lies in this library or in
// another. HEDDLE_OBJECTS is defined where it lies in this one.
#pragma once

#include <heddle/port/abi.h>

#define HEDDLE_API HEDDLE_PORT_EXPORT
#if __has_cpp_attribute(gnu::noplt)
#define HEDDLE_API_FUNCTION HEDDLE_PORT_EXPORT __attribute__((noplt))
#else
#define HEDDLE_API_FUNCTION HEDDLE_PORT_EXPORT
#endif
#ifdef HEDDLE_OBJECTS
#define HEDDLE_API_VARIABLE HEDDLE_PORT_EXPORT
#else
#define HEDDLE_API_VARIABLE HEDDLE_PORT_IMPORT
#endif
