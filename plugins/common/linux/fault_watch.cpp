// See fault_watch.hpp. A signal that the program handles, or has ignored, is left alone; one that it handles later takes ours away.
#include "linux/fault_watch.hpp"

#include <ucontext.h>

#include <atomic>
#include <cerrno>
#include <csignal>

#include "machine.h"

namespace heddle::port {
namespace {

struct Watched {
  int number;
  const char* name;
};
constexpr Watched kWatched[] = {
    {SIGSEGV, "SIGSEGV"}, {SIGBUS, "SIGBUS"}, {SIGFPE, "SIGFPE"}, {SIGILL, "SIGILL"}, {SIGABRT, "SIGABRT"}};

using Noticed = void (*)(const HeddleFault* fault);

std::atomic<Noticed> on_fault{nullptr};

const char* name_of(int number) {
  for (const Watched& watched : kWatched) {
    if (watched.number == number) return watched.name;
  }
  return "a signal";
}

// abort() sends its signal like anybody who calls kill(2).
bool was_sent(const siginfo_t& info) {
  return info.si_code <= 0 && info.si_signo != SIGABRT;
}

void handle(int number, siginfo_t* info, void* context) {
  const int saved_errno = errno;
  uint32_t flags = 0;
  if (was_sent(*info)) {
    flags = HEDDLE_FAULT_WAS_SENT;
  } else if (number == SIGSEGV || number == SIGBUS) {
    flags = HEDDLE_FAULT_HAS_ADDRESS;
  }
  const HeddleFault fault{sizeof(HeddleFault), flags, name_of(number), reinterpret_cast<uintptr_t>(info->si_addr),
                          interrupted_registers(*static_cast<const ucontext_t*>(context))};
  if (const Noticed noticed = on_fault.load(); noticed != nullptr) noticed(&fault);
  // The fault comes again when this returns, now to the kernel; what was sent has to be sent again, and is blocked until then.
  signal(number, SIG_DFL);
  if (info->si_code <= 0) raise(number);
  errno = saved_errno;
}

bool is_ours(int number) {
  struct sigaction current {};
  sigaction(number, nullptr, &current);
  return (current.sa_flags & SA_SIGINFO) != 0 && current.sa_sigaction == handle;
}

bool is_default(int number) {
  struct sigaction current {};
  sigaction(number, nullptr, &current);
  return (current.sa_flags & SA_SIGINFO) == 0 && current.sa_handler == SIG_DFL;
}

int32_t watch(Noticed noticed) {
  on_fault.store(noticed);
  struct sigaction ours {};
  ours.sa_sigaction = handle;
  ours.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigfillset(&ours.sa_mask);
  bool any = false;
  for (const Watched& watched : kWatched) {
    if (is_default(watched.number)) any |= sigaction(watched.number, &ours, nullptr) == 0;
  }
  return any ? HEDDLE_OK : HEDDLE_E_UNSUPPORTED;
}

}  // namespace

void drop_fault_watch() {
  for (const Watched& watched : kWatched) {
    if (is_ours(watched.number)) signal(watched.number, SIG_DFL);
  }
}

const HeddleFaultWatch fault_watch{sizeof(HeddleFaultWatch), 0, watch, drop_fault_watch};

}  // namespace heddle::port
