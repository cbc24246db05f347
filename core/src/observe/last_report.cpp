#include "observe/last_report.hpp"

#include "base/forked_child.hpp"
#include "base/last_report.hpp"
#include "base/parker.hpp"
#include "observe/dump.hpp"
#include "observe/fault.hpp"
#include "observe/overflow.hpp"
#include "sched/visit.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <string_view>
#include <thread>

namespace heddle::observe {

namespace {

constexpr std::int64_t kLimit = 5'000'000'000;  // ns, for the whole report

enum class Wanted : int { kNothing, kReport, kNoMore };

// What threads may be in as the process ends is never destroyed.
struct Reporter {
  std::atomic<Wanted> wanted{Wanted::kNothing};
  base::Parker awake;                         // the thread waits here
  std::atomic<bool> claimed{false};           // there is one report in the life of a process
  std::atomic<bool> made{false};              // it is out
  std::atomic<const char*> request{nullptr};  // the operator's, who waits for no answer
  Dying dying;
  Trace trace;            // of dying.fiber
  base::Parker finished;  // who has claimed the report waits here
};
Reporter& reporter = *new Reporter;

std::terminate_handler previous_terminate = nullptr;
const HeddleDumpRequest* port_requests = nullptr;  // of the last run()

void write(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

void dump_all() noexcept {
  try {
    const sched::Visit visit;
    if (visit.scheduler()) dump(*visit.scheduler(), &reporter.dying, write);
  } catch (const std::exception& error) {
    write("heddle: the dump ends here: ");
    write(error.what());
    write("\n");
  }
}

void want(Wanted what) noexcept {
  reporter.wanted.store(what);
  reporter.awake.unpark();
}

// The thread. A signal handler may wake it, although there is a lock in that: only one caller ever does, whoever has claimed the report,
// and the other one who takes the lock is this thread, on its way to sleep. Rejected: std::atomic::notify_one, which has none on Linux;
// elsewhere libstdc++ 12 now and then loses it.
void report_when_wanted() {
  while (reporter.wanted.load() == Wanted::kNothing) reporter.awake.park();
  if (reporter.wanted.load() == Wanted::kNoMore) return;
  const char* request = reporter.request.load();
  if (request) write("heddle: " + std::string(request) + ": the process ends with a dump of its fibers\n");
  dump_all();
  if (request) base::end_process(2);
  reporter.made.store(true);
  reporter.finished.unpark();
}

/// The frames by their addresses, which is all that can be told when nothing more may be asked of anybody.
void write_addresses(const Trace& trace) noexcept {
  for (std::size_t index = 0; index < trace.count; ++index) {
    std::array<char, 48> line;
    const int length = std::snprintf(line.data(), line.size(), "    at 0x%llx\n",
                                     static_cast<unsigned long long>(trace.frames[index]));
    write({line.data(), static_cast<std::size_t>(length)});
  }
}

/// `trace` is that of the fiber that the caller is, if it is one.
void have_report_made(const Trace& trace) noexcept {
  sched::Worker* worker = sched::current_worker();
  reporter.trace = trace;
  reporter.dying = {worker, worker ? worker->current() : nullptr, &reporter.trace};
  want(Wanted::kReport);
  if (reporter.finished.park_for(kLimit)) return;
  write("heddle: the dump of the fibers takes too long. The frames of the thread that it is about:\n");
  write_addresses(trace);
}

void make_last_report() noexcept {
  if (reporter.claimed.exchange(true)) return;
  Trace trace;
  trace_here(trace);
  have_report_made(trace);
}

void on_terminate() {
  if (const sched::FiberBlock* fiber = sched::current_fiber()) {
    write("heddle: std::terminate was called on fiber " + std::to_string(fiber->number) + "\n");
    make_last_report();
  }
  previous_terminate();
  std::abort();
}

bool port_can_end(const HeddleDumpRequest* requests) {
  constexpr std::size_t kEnd = offsetof(HeddleDumpRequest, end) + sizeof requests->end;
  return requests && requests->struct_size >= kEnd && requests->end;
}

void on_request(const char* event) {
  if (base::in_forked_child() || reporter.claimed.exchange(true)) return;
  reporter.dying = {};
  reporter.request.store(event);
  want(Wanted::kReport);
}

/// Not part of on_fault, which is called for other people's faults too, with whatever stack they have left.
[[gnu::noinline]] void report_fault(const HeddleFault& fault, const sched::Worker& worker, UsedUp used_up) {
  std::array<char, std::max(kFaultTextBytes, kOverflowTextBytes)> text;
  const bool overflow = used_up != UsedUp::kNone;
  write(overflow ? describe_overflow(used_up, worker, text) : describe(fault, worker.current(), text));
  Trace trace;
  trace_fault(fault, trace);
  have_report_made(trace);
}

void on_fault(const HeddleFault* fault) {
  const sched::Worker* worker = sched::current_worker();
  if (!worker || base::in_forked_child()) return;  // a thread that is not in the runtime: the program's business alone
  const UsedUp used_up = find_used_up(*fault, *worker);
  const bool overflow = used_up != UsedUp::kNone;
  if (!overflow && fault->flags & HEDDLE_FAULT_MAY_BE_HANDLED) return;
  if (!reporter.claimed.exchange(true)) {
    report_fault(*fault, *worker, used_up);
  } else if (overflow || !reporter.made.load()) {
    // Of two at a time the second must not cut the report of the first short, which ends the process.
    std::this_thread::sleep_for(std::chrono::nanoseconds(kLimit));
  }
  if (overflow) base::end_process(2);
}

}  // namespace

LastReport::LastReport(sched::Scheduler& scheduler) : scheduler_(scheduler), thread_(report_when_wanted) {
  scheduler.count_helper_threads(1);
  const HeddleDumpRequest* requests = scheduler.interfaces().dump_request;
  if (port_can_end(requests)) {
    port_requests = requests;
    base::set_end([](int status) noexcept { port_requests->end(status); });
  }
  base::set_last_report(make_last_report);
  previous_terminate = std::set_terminate(on_terminate);
  watches_requests_ = requests && requests->watch(on_request) == HEDDLE_OK;
  if (watches_requests_) scheduler.count_helper_threads(requests->threads);
  const HeddleFaultWatch* faults = scheduler.interfaces().fault_watch;
  watches_faults_ = faults && faults->watch(on_fault) == HEDDLE_OK;
}

LastReport::~LastReport() {
  if (watches_faults_) scheduler_.interfaces().fault_watch->unwatch();
  if (watches_requests_) scheduler_.interfaces().dump_request->unwatch();
  if (std::get_terminate() == on_terminate) std::set_terminate(previous_terminate);
  base::set_last_report(nullptr);
  base::set_end(nullptr);
  want(Wanted::kNoMore);
  thread_.join();
  reporter.wanted.store(Wanted::kNothing);
}

}  // namespace heddle::observe
