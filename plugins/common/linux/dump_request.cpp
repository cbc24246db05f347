#include "linux/dump_request.hpp"

#include <atomic>
#include <cerrno>
#include <csignal>

namespace heddle::port {
namespace {

using Asked = void (*)(const char* event);

std::atomic<Asked> on_quit{nullptr};

void handle(int) {
  const int saved_errno = errno;
  if (const Asked asked = on_quit.load(); asked != nullptr) asked("SIGQUIT");
  errno = saved_errno;
}

int32_t watch(Asked asked) {
  struct sigaction current {};
  sigaction(SIGQUIT, nullptr, &current);
  if ((current.sa_flags & SA_SIGINFO) != 0 || current.sa_handler != SIG_DFL) return HEDDLE_E_UNSUPPORTED;
  on_quit.store(asked);
  struct sigaction ours {};
  ours.sa_handler = handle;
  ours.sa_flags = SA_ONSTACK | SA_RESTART;
  sigfillset(&ours.sa_mask);
  return sigaction(SIGQUIT, &ours, nullptr) == 0 ? HEDDLE_OK : HEDDLE_E_OS;
}

}  // namespace

void drop_dump_request() {
  struct sigaction current {};
  sigaction(SIGQUIT, nullptr, &current);
  if ((current.sa_flags & SA_SIGINFO) == 0 && current.sa_handler == handle) signal(SIGQUIT, SIG_DFL);
}

const HeddleDumpRequest dump_request{sizeof(HeddleDumpRequest), 0, watch, drop_dump_request, nullptr};

}  // namespace heddle::port
