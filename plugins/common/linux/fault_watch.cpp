// See fault_watch.hpp. A signal that the program handles, or has ignored, is left alone, but for SIGSEGV, which a stack that is used up is told
// by: there ours comes first and calls the program's. A handler that it sets later takes ours away.
//
// The kernel gives our SIGSEGV handler the mask and the flags that the program wanted for its own, so that siginfo, context and mask are what
// they would be without us. Not so the stack: an overflow leaves room on no other than the alternate one.
#include "linux/fault_watch.hpp"

#include <ucontext.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <new>

#include "host.hpp"
#include "linux/signal_stack.hpp"
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

// What SIGSEGV was before watch(). Only read while ours is installed, or has just been.
struct sigaction program_action {};
// Is the program's action another than the default? With SA_RESETHAND only until the first fault.
std::atomic<bool> program_acts{false};

bool ignores(const struct sigaction& action) {
  return (action.sa_flags & SA_SIGINFO) == 0 && action.sa_handler == SIG_IGN;
}

bool is_default(const struct sigaction& action) {
  return (action.sa_flags & SA_SIGINFO) == 0 && action.sa_handler == SIG_DFL;
}

// False when the kernel is to take its default action.
bool let_program_act(int number, siginfo_t* info, void* context) {
  if (ignores(program_action)) return info->si_code <= 0;  // what was sent can be ignored, but no fault
  const bool once = (static_cast<unsigned>(program_action.sa_flags) & static_cast<unsigned>(SA_RESETHAND)) != 0;
  if (once && !program_acts.exchange(false)) return false;
  if ((program_action.sa_flags & SA_SIGINFO) != 0) {
    program_action.sa_sigaction(number, info, context);
  } else {
    program_action.sa_handler(number);
  }
  return true;
}

// What notice() hands through call_interrupted.
struct Notice {
  Noticed noticed;
  HeddleFault fault;
};

void* pass_on(void* notice) {
  const Notice& passed = *static_cast<Notice*>(notice);
  passed.noticed(&passed.fault);
  return nullptr;
}

void notice(int number, uint32_t flags, const siginfo_t& info, const ucontext_t& context) {
  Notice passed{on_fault.load(),
                {sizeof(HeddleFault), flags, name_of(number), reinterpret_cast<uintptr_t>(info.si_addr),
                 interrupted_registers(context)}};
  if (passed.noticed != nullptr) call_interrupted(context, pass_on, &passed);
}

void handle(int number, siginfo_t* info, void* context) {
  const int saved_errno = errno;
  const bool acts = number == SIGSEGV && program_acts.load();
  uint32_t flags = acts ? HEDDLE_FAULT_MAY_BE_HANDLED : 0;
  if (was_sent(*info)) {
    flags |= HEDDLE_FAULT_WAS_SENT;
  } else if (number == SIGSEGV || number == SIGBUS) {
    flags |= HEDDLE_FAULT_HAS_ADDRESS;
  }
  notice(number, flags, *info, *static_cast<const ucontext_t*>(context));
  errno = saved_errno;
  if (acts && let_program_act(number, info, context)) return;
  // The fault comes again when this returns, now to the kernel; what was sent has to be sent again, and is blocked until then.
  signal(number, SIG_DFL);
  if (info->si_code <= 0) raise(number);
  errno = saved_errno;
}

struct sigaction action_now(int number) {
  struct sigaction current {};
  sigaction(number, nullptr, &current);
  return current;
}

bool is_ours(const struct sigaction& action) {
  return (action.sa_flags & SA_SIGINFO) != 0 && action.sa_sigaction == handle;
}

bool take_place(int number) {
  const struct sigaction current = action_now(number);
  struct sigaction ours {};
  ours.sa_sigaction = handle;
  ours.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigfillset(&ours.sa_mask);
  if (number == SIGSEGV) {
    program_action = current;
    program_acts.store(!is_default(current));
  }
  if (!is_default(current)) {
    if (number != SIGSEGV) return false;
    ours.sa_mask = current.sa_mask;
    ours.sa_flags |= ignores(current) ? SA_RESTART : current.sa_flags & ~static_cast<int>(SA_RESETHAND);
  }
  return sigaction(number, &ours, nullptr) == 0;
}

int32_t watch(Noticed noticed) {
  on_fault.store(noticed);
  bool any = false;
  for (const Watched& watched : kWatched) any |= take_place(watched.number);
  return any ? HEDDLE_OK : HEDDLE_E_UNSUPPORTED;
}

void unwatch() {
  for (const Watched& watched : kWatched) {
    if (!is_ours(action_now(watched.number))) continue;
    if (watched.number == SIGSEGV && program_acts.load()) {
      sigaction(SIGSEGV, &program_action, nullptr);
    } else {
      signal(watched.number, SIG_DFL);
    }
  }
}

// The alternate stack of a thread that had none, or too small a one, in the memory above it.
struct Lent {
  SignalStack stack;
  stack_t program_stack{};
};

constexpr size_t kReportBytes = 16 << 10;

bool has_room(const stack_t& alternate) {
  return (alternate.ss_flags & SS_DISABLE) == 0 && alternate.ss_size >= signal_frame_bytes() + kReportBytes;
}

int32_t enter(HeddleThread* thread) {
  stack_t now{};
  sigaltstack(nullptr, &now);
  if (has_room(now)) return HEDDLE_OK;
  const SignalStack stack = map_signal_stack(sizeof(Lent));
  if (stack.mapping == nullptr) {
    log_line(HEDDLE_LOG_ERROR, "no memory for a signal stack: %s; an overflow of this thread's stacks will not be told",
             strerror(errno));
    return HEDDLE_E_NO_MEMORY;
  }
  stack_t ours{};
  ours.ss_sp = reinterpret_cast<void*>(stack.lo);
  ours.ss_size = stack.hi - stack.lo;
  if (sigaltstack(&ours, nullptr) != 0) {
    log_line(HEDDLE_LOG_ERROR, "sigaltstack: %s; an overflow of this thread's stacks will not be told", strerror(errno));
    unmap_signal_stack(stack);
    return HEDDLE_E_OS;
  }
  thread->fault_watch_data = new (reinterpret_cast<void*>(stack.hi)) Lent{stack, now};
  return HEDDLE_OK;
}

// What the program has set meanwhile stays.
void leave(HeddleThread* thread) {
  auto* lent = static_cast<Lent*>(thread->fault_watch_data);
  if (lent == nullptr) return;
  thread->fault_watch_data = nullptr;
  stack_t now{};
  sigaltstack(nullptr, &now);
  const bool ours = reinterpret_cast<uintptr_t>(now.ss_sp) == lent->stack.lo;
  if (ours && sigaltstack(&lent->program_stack, nullptr) != 0) return;  // the thread ends in a handler, on that stack
  unmap_signal_stack(SignalStack(lent->stack));
}

}  // namespace

void drop_fault_watch() {
  unwatch();
  if (HeddleThread* thread = heddle_tls_get()) leave(thread);
}

const HeddleFaultWatch fault_watch{sizeof(HeddleFaultWatch), 0, watch, unwatch, enter, leave};

}  // namespace heddle::port
