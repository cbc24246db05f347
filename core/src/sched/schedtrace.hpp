// schedtrace: one line about the scheduler's state, for diagnostics.schedtrace.
#pragma once

#include <cstdint>
#include <string>

namespace heddle::sched {

class Scheduler;

/// "schedtrace 1000ms: processors=2 idle=0 workers=3 searching=0 fibers=12 stopped=0 global=1 queues=[3 0]". The numbers are read
/// one after the other while the scheduler goes on. Any thread.
std::string schedtrace(const Scheduler& scheduler, std::int64_t nanoseconds_since_start);

}  // namespace heddle::sched
