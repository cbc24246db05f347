#include "sched/schedtrace.hpp"

#include "sched/scheduler.hpp"

namespace heddle::sched {

std::string schedtrace(const Scheduler& scheduler, std::int64_t nanoseconds_since_start) {
  const Stats stats = scheduler.stats();
  std::string line = "schedtrace " + std::to_string(nanoseconds_since_start / 1'000'000) + "ms:";
  const auto add = [&line](const char* name, std::uint64_t value) {
    line.append(" ").append(name).append("=").append(std::to_string(value));
  };
  add("processors", stats.processors);
  add("idle", stats.idle_processors);
  add("workers", stats.workers);
  add("searching", scheduler.searching());
  add("fibers", stats.fibers);
  add("stopped", stats.stopped_fibers);
  add("global", scheduler.global_size());
  line += " queues=[";
  for (const auto& processor : scheduler.processors()) {
    if (processor->index != 0) line += ' ';
    line += std::to_string(processor->waiting());
  }
  return line + ']';
}

}  // namespace heddle::sched
