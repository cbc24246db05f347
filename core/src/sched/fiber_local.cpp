#include "sched/fiber_local.hpp"

#include "sched/at_thread_end.hpp"
#include "sched/worker.hpp"

#include <atomic>
#include <utility>

namespace heddle {

namespace {

void unlink(detail::LocalValue*& chain, const detail::LocalValue* value) noexcept {
  detail::LocalValue** link = &chain;
  while (*link != value) link = &(*link)->next;
  *link = value->next;
}

void destroy_all(detail::LocalValue*& chain) noexcept {
  while (detail::LocalValue* newest = chain) {
    newest->variable = 0;
    newest->destroy(newest);  // may make others
    unlink(chain, newest);
    newest->release(newest);
  }
}

void HEDDLE_AT_THREAD_END destroy_values(void* chain) {
  destroy_all(*static_cast<detail::LocalValue**>(chain));
  delete static_cast<detail::LocalValue**>(chain);
}

/// The values of an ordinary thread.
detail::LocalValue*& values_of_this_thread() {
  thread_local detail::LocalValue** values = nullptr;
  if (!values) {
    values = new detail::LocalValue*(nullptr);
    sched::at_thread_end(destroy_values, values);
  }
  return *values;
}

detail::LocalValue*& values_of_the_caller() noexcept {
  if (sched::FiberBlock* fiber = sched::current_fiber()) return fiber->local_values;
  return values_of_this_thread();
}

}  // namespace

std::uint64_t detail::new_local_variable() noexcept {
  static std::atomic<std::uint64_t> last{0};
  return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

detail::LocalValue* detail::find_local_value(std::uint64_t variable) noexcept {
  LocalValue* value = values_of_the_caller();
  while (value && value->variable != variable) value = value->next;
  return value;
}

void detail::add_local_value(LocalValue* value) noexcept {
  LocalValue*& newest = values_of_the_caller();
  value->next = std::exchange(newest, value);
}

void detail::finish_local_value(LocalValue* value, std::uint64_t variable) noexcept {
  LocalValue*& newest = values_of_the_caller();
  unlink(newest, value);  // making it may have made others, which go after it
  value->variable = variable;
  value->next = std::exchange(newest, value);
}

void detail::drop_local_value(LocalValue* value) noexcept {
  unlink(values_of_the_caller(), value);
}

void sched::destroy_local_values(FiberBlock& self) noexcept {
  destroy_all(self.local_values);
}

}  // namespace heddle
