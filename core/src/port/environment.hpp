// environment: the names of the environment's variables, which the C++ library can look up but not list.
#pragma once

#include <string>
#include <vector>

namespace heddle::port {

/// The names of all variables. REQUIRES: no other thread changes the environment (setenv(3)).
std::vector<std::string> environment_variables();

}  // namespace heddle::port
