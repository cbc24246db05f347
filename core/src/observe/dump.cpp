#include "observe/dump.hpp"

#include "observe/symbols.hpp"
#include "sched/visit.hpp"
#include "sched/wait_note.hpp"

#include <heddle/this_fiber.hpp>

#include <array>
#include <cstdio>
#include <string>
#include <vector>

namespace heddle {

namespace observe {

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

std::string pointer_text(const void* pointer) {
  std::array<char, 2 * sizeof(void*) + 3> text;
  std::snprintf(text.data(), text.size(), "0x%llx",
                static_cast<unsigned long long>(reinterpret_cast<std::uintptr_t>(pointer)));
  return text.data();
}

std::string duration_text(std::int64_t nanoseconds) {
  const std::int64_t seconds = nanoseconds / kSecond;
  if (seconds < 60) return std::to_string(seconds) + " s";
  if (seconds < 3600) return std::to_string(seconds / 60) + " min " + std::to_string(seconds % 60) + " s";
  return std::to_string(seconds / 3600) + " h " + std::to_string(seconds / 60 % 60) + " min";
}

/// "mutex 0x7ffe10"
std::string wait_text(const Sighting& seen) {
  if (!seen.waits_for) return "";
  std::string text = seen.waits_for;
  if (seen.waits_for == sched::kWaitsForEnd) {
    text += " " + std::to_string(seen.waits_on_number);
  } else if (seen.waits_for == sched::kWaitsForTime) {
    text += " in " + (seen.time_left_ns < 10 * kSecond ? std::to_string(seen.time_left_ns / 1'000'000) + " ms"
                                                       : duration_text(seen.time_left_ns));
  } else if (seen.waits_on) {
    text += " " + pointer_text(seen.waits_on);
  }
  return text;
}

std::string made_text(const sched::Interfaces& interfaces, const void* made_at) {
  if (!made_at) return "";
  const std::uintptr_t call = reinterpret_cast<std::uintptr_t>(made_at) - 1;  // behind it may lie another function
  return text_of(find_place(interfaces.symbolizer, call), call);
}

const char* state_text(FiberState state) {
  switch (state) {
    case FiberState::kRunning:
      return "running";
    case FiberState::kReady:
      return "ready";
    case FiberState::kPreempted:
      return "preempted";
    case FiberState::kWaiting:
      return "waiting for ";
    case FiberState::kForeign:
      return "in a foreign call";
    case FiberState::kEnded:
      break;
  }
  return "ended, not joined";
}

bool is_runtime(const Place& place, const sched::Interfaces& interfaces) {
  const auto base_of = [&](auto* function) {
    return find_place(interfaces.symbolizer, reinterpret_cast<std::uintptr_t>(function)).module_base;
  };
  static const std::uintptr_t core = base_of(&trace_here);
  static const std::uintptr_t port = base_of(interfaces.context_switcher->swap);
  return place.module_base != 0 && (place.module_base == core || place.module_base == port);
}

std::string trace_text(const Trace& trace, const sched::Interfaces& interfaces) {
  // The runtime's own frames at both ends are how the fiber was stopped and how it began.
  std::vector<std::string> lines;
  std::size_t end = 0;
  for (std::size_t index = 0; index < trace.count; ++index) {
    const std::uintptr_t address = trace.frames[index];
    const Place place = find_place(interfaces.symbolizer, address);
    const bool runtime = is_runtime(place, interfaces);
    if (lines.empty() && runtime) continue;
    lines.push_back("    at " + text_of(place, address) + "\n");
    if (!runtime) end = lines.size();
  }
  std::string text;
  for (std::size_t index = 0; index < end; ++index) text += lines[index];
  if (trace.count == Trace::kMostFrames) text += "    ...\n";
  return text;
}

std::string paragraph(const Sighting& seen, const Sightings& all, const sched::Interfaces& interfaces) {
  std::string text = "\nfiber " + std::to_string(seen.number);
  if (seen.name[0]) text.append(" \"").append(seen.name.data()).append("\"");
  text.append(": ").append(state_text(seen.state)).append(wait_text(seen));
  if (seen.waiting_ns >= kSecond) text += ", for " + duration_text(seen.waiting_ns);
  if (seen.pinned) text += ", pinned to its thread";
  if (seen.stopped) text += ", stopped";
  text += "\n";
  if (const std::string made = made_text(interfaces, seen.made_at); !made.empty()) text += "    made by " + made + "\n";
  if (seen.no_trace) return text + "    no trace: " + seen.no_trace + "\n";
  return text + trace_text(all.traces[seen.trace], interfaces);
}

FiberInfo info_of(const Sighting& seen, const sched::Interfaces& interfaces) {
  return {FiberId(seen.number),
          seen.name.data(),
          seen.state,
          wait_text(seen),
          std::chrono::nanoseconds(seen.waiting_ns),
          made_text(interfaces, seen.made_at),
          seen.pinned,
          seen.stopped};
}

/// Calls act(scheduler) if there is one, and keeps it from ending meanwhile.
template <class Act>
void with_scheduler(Act act) {
  if (sched::Worker* worker = sched::current_worker()) {
    const this_fiber::NoPreempt guard;
    return act(worker->scheduler);
  }
  const sched::Visit visit;
  if (visit.scheduler()) act(*visit.scheduler());
}

}  // namespace

void dump(sched::Scheduler& scheduler, const Dying* dying, const std::function<void(std::string_view)>& write) {
  const Sightings all = look_at_all(scheduler, true, dying);
  const Stats stats = scheduler.stats();
  write("heddle: " + std::to_string(all.fibers.size()) + " fibers, " + std::to_string(stats.processors) +
        " processors (" + std::to_string(stats.idle_processors) + " idle), " + std::to_string(stats.workers) +
        " workers\n");
  for (const Sighting& seen : all.fibers) write(paragraph(seen, all, scheduler.interfaces()));
}

}  // namespace observe

std::vector<FiberInfo> fibers() {
  std::vector<FiberInfo> list;
  observe::with_scheduler([&](sched::Scheduler& scheduler) {
    for (const observe::Sighting& seen : observe::look_at_all(scheduler, false, nullptr).fibers)
      list.push_back(observe::info_of(seen, scheduler.interfaces()));
  });
  return list;
}

void dump_fibers(std::ostream& out) {
  observe::with_scheduler([&](sched::Scheduler& scheduler) {
    observe::dump(scheduler, nullptr, [&](std::string_view text) { out << text; });
  });
}

}  // namespace heddle
