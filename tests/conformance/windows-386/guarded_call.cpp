// See guarded_call.hpp: the handler stands in the list that begins in the thread block.
#include "conformance/windows/guarded_call.hpp"

#include "conformance/windows/thread_block.hpp"

namespace conformance {

void guarded_call(void (*function)(void*), void* argument) {
  ThreadBlock& block = ThreadBlock::of_this_thread();
  const uintptr_t before = block.exception_list();
  EXCEPTION_REGISTRATION_RECORD record{};
  record.Next = reinterpret_cast<EXCEPTION_REGISTRATION_RECORD*>(before);
  record.Handler = reinterpret_cast<PEXCEPTION_ROUTINE>(guarded_call_handler);
  block.set_exception_list(reinterpret_cast<uintptr_t>(&record));
  function(argument);
  ThreadBlock::of_this_thread().set_exception_list(before);
}

}  // namespace conformance
