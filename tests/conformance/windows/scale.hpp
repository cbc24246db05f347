// Counts that may be made smaller, or larger, by HEDDLE_STRESS_SCALE.
#pragma once

#include <cstdlib>

namespace conformance {

inline int scaled(int count) {
  const char* scale = std::getenv("HEDDLE_STRESS_SCALE");
  const double factor = scale == nullptr ? 1 : std::atof(scale);
  return factor * count < 10 ? 10 : static_cast<int>(factor * count);
}

}  // namespace conformance
