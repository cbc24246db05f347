#include "port/environment.hpp"

#include <boost/process/environment.hpp>

namespace heddle::port {

std::vector<std::string> environment_variables() {
  std::vector<std::string> names;
  for (const auto& variable : boost::this_process::environment()) names.push_back(variable.get_name());
  return names;
}

}  // namespace heddle::port
