// The last report: what fatal() says beyond its message. This room knows nothing of fibers; those who do set it.
#pragma once

namespace heddle::base {

/// From now on fatal() calls `report` (null: nothing) once its message is out. It must end whatever state the process is in. A second
/// fatal error, also one that comes while the report is made, ends the process at once. Any thread.
void set_last_report(void (*report)() noexcept) noexcept;

/// What end_process calls from now on (null: std::_Exit). It does not return.
void set_end(void (*end)(int status) noexcept) noexcept;

/// Ends the process; no destructor and no atexit handler runs. Any thread.
[[noreturn]] void end_process(int status) noexcept;

}  // namespace heddle::base
