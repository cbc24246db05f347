#include "sched/fiber_local.hpp"

#include "sched/worker.hpp"

#include <cxxabi.h>

#include <atomic>
#include <utility>

// How the C++ library calls a destructor, where it says so.
#ifndef _GLIBCXX_CDTOR_CALLABI
#define _GLIBCXX_CDTOR_CALLABI
#endif

namespace heddle {

namespace {

void destroy_all(detail::LocalValue*& chain) noexcept {
  while (detail::LocalValue* newest = chain) {
    chain = newest->next;
    newest->destroy(newest);
  }
}

void _GLIBCXX_CDTOR_CALLABI destroy_values(void* chain) {
  destroy_all(*static_cast<detail::LocalValue**>(chain));
  delete static_cast<detail::LocalValue**>(chain);
}

/// The values of an ordinary thread. On the heap, and destroyed by the C++ runtime's list for the thread's end: where thread_local variables
/// are emulated, their memory may be gone before their destructors run.
detail::LocalValue*& values_of_this_thread() {
  thread_local detail::LocalValue** values = nullptr;
  if (!values) {
    values = new detail::LocalValue*(nullptr);
    static char here;  // an address in this library, which stays mapped until the function was called
    abi::__cxa_thread_atexit(destroy_values, values, &here);
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

void sched::destroy_local_values(FiberBlock& self) noexcept {
  destroy_all(self.local_values);
}

}  // namespace heddle
