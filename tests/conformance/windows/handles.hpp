// How many handles this process has. Not by GetProcessHandleCount, which Wine does not implement.
#pragma once

#include <cstddef>

namespace conformance {

size_t handles_in_use();

}  // namespace conformance
