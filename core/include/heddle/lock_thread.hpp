// LockThread: a fiber that must stay on its thread.
#pragma once

#include <heddle/api.hpp>

namespace heddle {

/// While one lives, the fiber that made it stays on its thread, and no other fiber runs there: for libraries that keep state by thread
/// (OpenGL contexts, COM apartments), and for changes of the thread itself (unshare, its priority). They nest.
///
/// Waiting is dearer then: the thread waits with the fiber, and its processor goes to another. A fiber that ends while it is locked
/// takes its thread along, and threads that the runtime makes are never started from one that is locked, so nobody inherits what was changed.
/// Destroy it in the fiber that made it. On an ordinary thread it does nothing.
class HEDDLE_API LockThread {
 public:
  LockThread() noexcept;
  ~LockThread();
  LockThread(const LockThread&) = delete;
  LockThread& operator=(const LockThread&) = delete;
};

}  // namespace heddle
