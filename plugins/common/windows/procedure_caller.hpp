// ProcedureCaller of Windows: LoadLibrary, GetProcAddress, and calls with arguments that are known at run time only.
#pragma once

#include <heddle/port/procedure_caller.h>

namespace heddle::port {

extern const HeddleProcedureCaller procedure_caller;

}  // namespace heddle::port
