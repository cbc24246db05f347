// Symbolizer of Linux: what the loader's symbol tables say.
#pragma once

#include <heddle/port/symbolizer.h>

namespace heddle::port {

extern const HeddleSymbolizer symbolizer;

}  // namespace heddle::port
