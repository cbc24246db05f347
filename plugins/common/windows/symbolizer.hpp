// Symbolizer of Windows: the nearest function that the module exports.
#pragma once

#include <heddle/port/symbolizer.h>

namespace heddle::port {

extern const HeddleSymbolizer symbolizer;

}  // namespace heddle::port
