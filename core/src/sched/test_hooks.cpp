#include "sched/test_hooks.hpp"

#include "sched/scheduler.hpp"

#include <utility>

namespace heddle::sched::testing {

bool request_preemption(std::uint32_t index) {
  Scheduler& scheduler = *Scheduler::running();
  Worker* worker = scheduler.processors().at(index)->worker.load();
  if (worker) scheduler.request_preemption(*worker);
  return worker != nullptr;
}

void with_workers_locked(void (*function)()) {
  bool called = false;
  Scheduler::running()->for_each_worker([&](const Worker&) {
    if (!std::exchange(called, true)) function();
  });
}

}  // namespace heddle::sched::testing
