// HEDDLE_API marks what the shared library exports; everything else in it is hidden.
#pragma once

#include <heddle/port/abi.h>

#define HEDDLE_API HEDDLE_PORT_EXPORT
