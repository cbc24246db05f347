#include "sched/fiber_local.hpp"

#include "sched/worker.hpp"

#include <atomic>
#include <utility>

namespace heddle {

namespace {

void destroy_all(detail::LocalValue*& chain) noexcept {
  while (detail::LocalValue* newest = chain) {
    chain = newest->next;
    newest->destroy(newest);
  }
}

/// The values of an ordinary thread.
struct ThreadValues {
  ~ThreadValues() { destroy_all(newest); }
  detail::LocalValue* newest = nullptr;
};

detail::LocalValue*& values_of_the_caller() noexcept {
  if (sched::FiberBlock* fiber = sched::current_fiber()) return fiber->local_values;
  thread_local ThreadValues of_this_thread;
  return of_this_thread.newest;
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

void sched::destroy_local_values(FiberBlock& self) noexcept {
  destroy_all(self.local_values);
}

}  // namespace heddle
