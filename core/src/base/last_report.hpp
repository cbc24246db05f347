// The last report: what fatal() says beyond its message. This room knows nothing of fibers; those who do set it.
#pragma once

namespace heddle::base {

/// From now on fatal() calls `report` (null: nothing) once its message is out. It must end whatever state the process is in. A second
/// fatal error, also one that comes while the report is made, ends the process at once. Any thread.
void set_last_report(void (*report)() noexcept) noexcept;

}  // namespace heddle::base
