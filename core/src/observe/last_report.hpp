// LastReport: while one lives, a process that ends by a fatal error, by a fault or std::terminate on a fiber, or because the operator
// asks for it writes a dump of all fibers to standard error first.
//
// The dump is made on a thread of its own: the caller's stack may be small or nearly used up, the caller can give up waiting, and may be
// a signal handler, where no thread could be made and no lock taken. Nothing is certain any more by then: locks may be held for ever, and the
// world may not stop.
#pragma once

#include <thread>

namespace heddle::sched {
class Scheduler;
}

namespace heddle::observe {

class LastReport {
 public:
  explicit LastReport(sched::Scheduler& scheduler);
  ~LastReport();
  LastReport(const LastReport&) = delete;
  LastReport& operator=(const LastReport&) = delete;

 private:
  sched::Scheduler& scheduler_;
  bool watches_requests_ = false;
  bool watches_faults_ = false;
  std::thread thread_;
};

}  // namespace heddle::observe
