// What is left of the runtime in the child of a fork(): nothing, and whoever needs it is told so.
//
// fork() copies the memory but only the thread that called it. A fiber that forks goes on in the child as an ordinary
// thread's code would; the workers, the monitor and whoever held a lock are not there. Anything that would have to wait
// for them ends the process with a message. Rejected: a runtime that lives on in the child. It would need every lock of
// the core to be taken before each fork, and who forks wants to exec.
#pragma once

namespace heddle::base {

/// From now on this process is such a child. Its only thread.
void note_forked_child() noexcept;

bool in_forked_child() noexcept;

/// Ends a process that is such a child, with a message. To be called where one would wait for ever.
void refuse_in_forked_child() noexcept;

}  // namespace heddle::base
