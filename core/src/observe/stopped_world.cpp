#include "sched/scheduler.hpp"
#include "sched/visit.hpp"

#include <heddle/stopped_world.hpp>

namespace heddle {

StoppedWorld::StoppedWorld() : visit_(std::make_unique<sched::Visit>()) {
  sched::Scheduler* scheduler = visit_->scheduler();
  sched::Worker* worker = sched::current_worker();
  if (worker) visit_.reset();  // run() waits for a worker anyway, and this fiber may be left behind at its end
  stopped_ = scheduler && scheduler->stops().stop_world(worker) != sched::Stops::Outcome::kEnding;
}

StoppedWorld::~StoppedWorld() {
  sched::Worker* worker = sched::current_worker();
  if (stopped_) (worker ? worker->scheduler : *visit_->scheduler()).stops().start_world();
}

}  // namespace heddle
