#include "sched/test_hooks.hpp"

#include "sched/scheduler.hpp"

namespace heddle::sched::testing {

bool request_preemption(std::uint32_t index) {
  Scheduler& scheduler = *Scheduler::running();
  Worker* worker = scheduler.processors().at(index)->worker.load();
  if (worker) scheduler.request_preemption(*worker);
  return worker != nullptr;
}

}  // namespace heddle::sched::testing
