#include "sched/scheduler.hpp"
#include "sched/visit.hpp"

#include <heddle/stopped_fiber.hpp>
#include <heddle/this_fiber.hpp>

#include <system_error>

namespace heddle {

StoppedFiber::StoppedFiber(FiberId id) : id_(id) {
  if (id != FiberId() && id == this_fiber::get_id())
    throw std::system_error(std::make_error_code(std::errc::resource_deadlock_would_occur),
                            "heddle::StoppedFiber: a fiber cannot stop itself");
  if (sched::Worker* worker = sched::current_worker()) {
    const this_fiber::NoPreempt guard;
    stopped_ = worker->scheduler.stops().stop_fiber(worker, id.number());
    return;
  }
  const sched::Visit visit;
  if (visit.scheduler()) stopped_ = visit.scheduler()->stops().stop_fiber(nullptr, id.number());
}

StoppedFiber::~StoppedFiber() {
  if (!stopped_) return;
  if (sched::Worker* worker = sched::current_worker()) {
    worker->scheduler.stops().start_fiber(id_.number());
    return;
  }
  const sched::Visit visit;
  if (visit.scheduler()) visit.scheduler()->stops().start_fiber(id_.number());
}

}  // namespace heddle
