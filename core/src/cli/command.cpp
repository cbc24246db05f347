#include "cli/command.hpp"

#include "base/paths.hpp"

#include <fmt/format.h>
#include <map>
#include <vector>

namespace heddle::cli {

Config configuration(const Common& common) {
  return common.config_file.empty() ? Config::find() : Config::load(base::path_of(common.config_file));
}

std::string origins_summary(const Config& config) {
  std::size_t defaults = 0;
  std::map<std::string, std::size_t> others;
  for (const auto& [pointer, origin] : config.origins) {
    if (origin == "default")
      ++defaults;
    else
      ++others[origin.substr(0, origin.rfind(':'))];  // without the line of a file
  }
  std::string text;
  for (const auto& [origin, count] : others) text += fmt::format("{} from {}, ", count, origin);
  return text + fmt::format("{} {}", defaults, defaults == 1 ? "default" : "defaults");
}

}  // namespace heddle::cli
