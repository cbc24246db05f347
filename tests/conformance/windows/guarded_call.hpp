// A call under a structured exception handler: the folder of the port's name has it, in guarded_call.S or .cpp.
#pragma once

#include <windows.h>

namespace conformance {

extern "C" {
// Calls function(argument) in a frame whose handler is guarded_call_handler.
void guarded_call(void (*function)(void*), void* argument);

// Defined by the tests.
EXCEPTION_DISPOSITION guarded_call_handler(EXCEPTION_RECORD* record, void* frame, CONTEXT* context, void* dispatcher);
}

}  // namespace conformance
