#include "base/fatal.hpp"

#include <cstdio>
#include <cstdlib>

namespace heddle::base {

void fatal(const char* message) {
  std::fprintf(stderr, "heddle: fatal: %s\n", message);
  std::fflush(stderr);
  std::_Exit(2);
}

}  // namespace heddle::base
