#include "observe/last_report.hpp"

#include "base/last_report.hpp"
#include "base/parker.hpp"
#include "observe/dump.hpp"
#include "sched/visit.hpp"

#include <atomic>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <system_error>
#include <thread>

namespace heddle::observe {

namespace {

constexpr std::int64_t kLimit = 5'000'000'000;  // ns, for the whole report

std::atomic<bool> made{false};  // there is one in the life of a process
std::terminate_handler previous_terminate = nullptr;
const HeddleDumpRequest* port_requests = nullptr;  // of the last run()

void write(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

// What the dumping thread works on outlives the caller, who may give up.
Trace own_trace;
Dying dying;
base::Parker& finished = *new base::Parker;  // never destroyed: where a process ends by having its threads killed, one may be in it

void dump_all() noexcept {
  try {
    const sched::Visit visit;
    if (visit.scheduler()) dump(*visit.scheduler(), &dying, write);
  } catch (const std::exception& error) {
    write("heddle: the dump ends here: ");
    write(error.what());
    write("\n");
  }
  finished.unpark();
}

void make_last_report() noexcept {
  if (made.exchange(true)) return;
  trace_here(own_trace);
  sched::Worker* worker = sched::current_worker();
  dying = {worker, worker ? worker->current() : nullptr, &own_trace};
  try {
    std::thread(dump_all).detach();
  } catch (const std::system_error&) {
    return write("heddle: no dump of the fibers: there is no thread to be had\n");
  }
  if (!finished.park_for(kLimit)) write("heddle: the dump of the fibers takes too long\n");
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
  write("heddle: " + std::string(event) + ": the process ends with a dump of its fibers\n");
  make_last_report();
  base::end_process(2);
}

}  // namespace

LastReport::LastReport(sched::Scheduler& scheduler) : scheduler_(scheduler) {
  const HeddleDumpRequest* requests = scheduler.interfaces().dump_request;
  if (port_can_end(requests)) {
    port_requests = requests;
    base::set_end([](int status) noexcept { port_requests->end(status); });
  }
  base::set_last_report(make_last_report);
  previous_terminate = std::set_terminate(on_terminate);
  watching_ = requests && requests->watch(on_request) == HEDDLE_OK;
  if (watching_) scheduler.count_helper_threads(requests->threads);
}

LastReport::~LastReport() {
  if (watching_) scheduler_.interfaces().dump_request->unwatch();
  if (std::get_terminate() == on_terminate) std::set_terminate(previous_terminate);
  base::set_last_report(nullptr);
  base::set_end(nullptr);
}

}  // namespace heddle::observe
