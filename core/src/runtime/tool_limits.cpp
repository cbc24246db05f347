#include "runtime/tool_limits.hpp"

#include "base/log.hpp"
#include "base/sanitizers.hpp"

namespace heddle::runtime {

Config within_tool_limits(const Config& config) {
  const std::string& strategy = config.preempter.strategy;
  if (!base::kThreadSanitizer || strategy == "none" || strategy == "cooperative") return config;
  base::log(base::LogLevel::kWarning, "preempter.strategy is cooperative instead of " + strategy +
                                          ": ThreadSanitizer delays the signals that would interrupt a fiber");
  Config limited = config;
  limited.preempter.strategy = "cooperative";
  return limited;
}

}  // namespace heddle::runtime
