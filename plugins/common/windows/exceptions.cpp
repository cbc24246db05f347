// Exceptions that no frame of a context has taken. On a thread's own stack the system's first frame takes them; a
// context's frames do not end there, so this does the same: structured and vectored handlers, a filter of the program's
// and a debugger see what they would see without fibers.
#include "machine.h"

EXCEPTION_DISPOSITION heddle_last_handler(EXCEPTION_RECORD* record, void*, CONTEXT* context, void*) {
  constexpr DWORD kUnwinding = 0x02 | 0x04;  // EXCEPTION_UNWINDING, EXCEPTION_EXIT_UNWIND: nothing of ours is to be cleaned up
  if ((record->ExceptionFlags & kUnwinding) != 0) return ExceptionContinueSearch;
  EXCEPTION_POINTERS pointers{record, context};
  switch (UnhandledExceptionFilter(&pointers)) {
    case EXCEPTION_CONTINUE_EXECUTION:
      return ExceptionContinueExecution;
    case EXCEPTION_CONTINUE_SEARCH:  // a debugger is to have it
      return ExceptionContinueSearch;
    default:
      TerminateProcess(GetCurrentProcess(), record->ExceptionCode);
      return ExceptionContinueSearch;
  }
}
