#include "runtime/host.hpp"

#include "base/log.hpp"
#include "config/keys.hpp"
#include "sched/growth.hpp"
#include "sched/preemption.hpp"
#include "sched/scheduler.hpp"

#include <mutex>
#include <set>
#include <string>

namespace heddle::runtime {

namespace {

std::mutex lock;
Config current;               // guarded by lock
std::set<std::string> texts;  // what option() has returned: a port may keep it. Guarded by lock

void HEDDLE_CALL log(std::int32_t level, const char* message) {
  base::log(level == HEDDLE_LOG_ERROR     ? base::LogLevel::kError
            : level == HEDDLE_LOG_WARNING ? base::LogLevel::kWarning
                                          : base::LogLevel::kInfo,
            message);
}

const char* HEDDLE_CALL option(const char* pointer) {
  std::lock_guard guard(lock);
  if (!config::find_key(pointer)) return nullptr;
  return texts.insert(config::value_of(current, pointer)).first->c_str();
}

}  // namespace

const HeddleHost& host(const Config& config) {
  static const HeddleHost host{
      sizeof(HeddleHost),       HEDDLE_ABI_VERSION, log, option, sched::deliver, sched::preempted,
      sched::Scheduler::forked, sched::new_stack};
  std::lock_guard guard(lock);
  current = config;
  return host;
}

}  // namespace heddle::runtime
