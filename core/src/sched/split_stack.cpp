#include "sched/split_stack.hpp"

#include "sched/scheduler.hpp"

#include <heddle/detail/split_stack.hpp>

#include <atomic>

namespace heddle::sched {

void begin_stack_limit(Worker& worker) noexcept {
  const auto find = worker.scheduler.interfaces().tls_provider->stack_limit;
  worker.stack_limit = find && split_code_exists.load(std::memory_order_relaxed) ? find() : nullptr;
}

void end_stack_limit(Worker& worker) noexcept {
  clear_stack_limit(worker);
  worker.stack_limit = nullptr;
}

void set_stack_limit(const FiberBlock& fiber) noexcept {
  if (const Worker* worker = current_worker()) set_stack_limit(*worker, fiber);
}

}  // namespace heddle::sched

void heddle::detail::use_split_stacks() noexcept {
  sched::split_code_exists.store(true, std::memory_order_relaxed);
}
