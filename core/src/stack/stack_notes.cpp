#include "stack/stack_notes.hpp"

#include "base/sanitizers.hpp"

#if HEDDLE_ASAN
#include <sanitizer/asan_interface.h>
#endif
#if HEDDLE_VALGRIND
#include <valgrind/valgrind.h>
#endif

namespace heddle::stack {

StackNotes::~StackNotes() {
#if HEDDLE_VALGRIND
  for (const unsigned number : registered_) VALGRIND_STACK_DEREGISTER(number);
#endif
}

void StackNotes::add([[maybe_unused]] std::byte* lo, [[maybe_unused]] std::byte* hi) {
#if HEDDLE_VALGRIND
  if (RUNNING_ON_VALGRIND) registered_.push_back(static_cast<unsigned>(VALGRIND_STACK_REGISTER(lo, hi - 1)));
#endif
}

void StackNotes::release([[maybe_unused]] void* base, [[maybe_unused]] std::size_t bytes) noexcept {
#if HEDDLE_ASAN
  __asan_unpoison_memory_region(base, bytes);
#endif
}

}  // namespace heddle::stack
