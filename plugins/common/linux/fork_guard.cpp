// See fork_guard.hpp. What pthread_atfork(3) has registered cannot be taken back, so it is registered once. While the
// port is closed it does no more than block a signal for as long as the fork takes.
#include "linux/fork_guard.hpp"

#include <pthread.h>

#include <atomic>
#include <cstring>

#include "host.hpp"
#include "linux/dump_request.hpp"
#include "linux/fault_watch.hpp"
#include "linux/signal_preempter.hpp"
#include "machine.h"

// What pthread_atfork is made of; the C library's static part of that wants a symbol of C++'s start-up code. Without a module the functions
// stay registered, and a port is never unmapped.
extern "C" int __register_atfork(void (*prepare)(), void (*parent)(), void (*child)(), void* module);

namespace heddle::port {
namespace {

std::atomic<bool> guarding{false};
bool registered = false;

void after_fork_in_child() {
  // Whether the port was open when the fork began doesn't matter: the hold was taken in any case.
  if (!guarding.exchange(false, std::memory_order_acq_rel)) return resume_signal_preempter();
  drop_signal_preempter();
  drop_dump_request();
  drop_fault_watch();
  HeddleThread* thread = heddle_tls_get();
  heddle_tls_clear();
  host->forked(thread);
}

}  // namespace

int32_t open_fork_guard() {
  if (!registered) {
    const int error = __register_atfork(hold_signal_preempter, resume_signal_preempter, after_fork_in_child, nullptr);
    if (error != 0) {
      log_line(HEDDLE_LOG_ERROR, "__register_atfork: %s", strerror(error));
      return HEDDLE_E_NO_MEMORY;
    }
    registered = true;
  }
  guarding.store(true, std::memory_order_release);
  return HEDDLE_OK;
}

void close_fork_guard() {
  guarding.store(false, std::memory_order_release);
}

}  // namespace heddle::port
