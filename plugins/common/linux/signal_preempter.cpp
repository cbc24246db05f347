// See signal_preempter.hpp.
//
// Invariants:
//   - At most one signal of ours is on its way to a worker (SignalThread::request): many senders cannot starve the
//   target.
//   - The handler blocks every signal, so that nothing nests on the signal stack but a fault.
//   - errno is the interrupted code's again when the handler returns.
//   - A handler that the program had for the signal sees every one of them, ours too: standard signals coalesce, so
//     nobody can tell one of ours from one of ours and one of the program's.
// A handler that the program installs later, while the port is open, replaces ours; the next thread that enters takes
// it in.
#include "linux/signal_preempter.hpp"

#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <new>

#include "host.hpp"
#include "linux/alarm.hpp"
#include "linux/code_modules.hpp"
#include "linux/signal_option.hpp"
#include "linux/signal_stack.hpp"
#include "machine.h"

namespace heddle::port {
namespace {

enum Request : uint32_t { kIdle, kSending, kSent, kClosed };

// What the port knows of one thread, above its signal stack.
struct SignalThread {
  std::atomic<uint32_t> request{kIdle};
  Alarm alarm;  // of the strategy `timer`
  SignalStack stack;
  stack_t program_stack{};  // the alternate stack that the thread had
  sigset_t program_mask{};
};

int preemption_signal = SIGURG;
struct sigaction program_action {};
bool handler_installed = false;
std::atomic<bool> blocked_by_program{false};  // is the signal blocked in the mask that the program gave to its threads?
sigset_t mask_before_fork;                    // of the thread that forks; guarded by handler_lock
pthread_mutex_t handler_lock = PTHREAD_MUTEX_INITIALIZER;
CodeRange own_code;

bool ignored_by_default(int number) {
  return number == SIGURG || number == SIGWINCH;
}

// The program installed nothing: what the kernel would have done. The signal is blocked until the handler returns.
void take_default_action(const siginfo_t* info) {
  const bool from_this_process = info->si_code == SI_TKILL && info->si_pid == getpid();
  if (from_this_process || ignored_by_default(preemption_signal)) return;
  signal(preemption_signal, SIG_DFL);
  raise(preemption_signal);
}

void chain(siginfo_t* info, void* context, bool requested) {
  if ((program_action.sa_flags & SA_SIGINFO) != 0) {
    program_action.sa_sigaction(preemption_signal, info, context);
  } else if (program_action.sa_handler == SIG_DFL) {
    if (!requested) take_default_action(info);
  } else if (program_action.sa_handler != SIG_IGN) {
    program_action.sa_handler(preemption_signal);
  }
}

void handle(int, siginfo_t* info, void* context) {
  const int saved_errno = errno;
  HeddleThread* thread = heddle_tls_get();
  auto* record = thread == nullptr ? nullptr : static_cast<SignalThread*>(thread->preempter_data);
  bool requested = record != nullptr && record->request.exchange(kIdle) != kIdle;
  requested |= record != nullptr && info->si_code == SI_TIMER && info->si_value.sival_ptr == record;
  // The program's handler goes first: it sees the context as it was interrupted, and may even leave by siglongjmp.
  chain(info, context, requested);
  if (requested) host->deliver(thread, context);
  errno = saved_errno;
}

bool is_ours(const struct sigaction& action) {
  return (action.sa_flags & SA_SIGINFO) != 0 && action.sa_sigaction == handle;
}

// Installs the handler unless it is there; remembers whose place it takes.
int32_t install_handler() {
  struct sigaction current {};
  sigaction(preemption_signal, nullptr, &current);
  if (is_ours(current)) return HEDDLE_OK;
  struct sigaction ours {};
  ours.sa_sigaction = handle;
  ours.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
  sigfillset(&ours.sa_mask);
  program_action = current;
  if (sigaction(preemption_signal, &ours, nullptr) == 0) return HEDDLE_OK;
  log_line(HEDDLE_LOG_ERROR, "signal %d: sigaction: %s", preemption_signal, strerror(errno));
  return HEDDLE_E_OS;
}

int32_t keep_handler() {
  pthread_mutex_lock(&handler_lock);
  const int32_t result = install_handler();
  pthread_mutex_unlock(&handler_lock);
  return result;
}

// Null when there is no memory.
SignalThread* make_signal_thread(HeddleThread* thread) {
  const SignalStack stack = map_signal_stack(sizeof(SignalThread));
  if (stack.mapping == nullptr) return nullptr;
  auto* record = new (reinterpret_cast<void*>(stack.hi)) SignalThread;
  record->stack = stack;
  thread->signal_lo = stack.lo;
  thread->signal_hi = stack.hi;
  return record;
}

void unmake_signal_thread(HeddleThread* thread, SignalThread* record) {
  thread->signal_lo = thread->signal_hi = 0;
  unmap_signal_stack(SignalStack(record->stack));
}

int32_t enter(HeddleThread* thread) {
  const int32_t handler = keep_handler();
  if (handler != HEDDLE_OK) return handler;
  SignalThread* record = make_signal_thread(thread);
  if (record == nullptr) {
    log_line(HEDDLE_LOG_ERROR, "no memory for a signal stack: %s; raise vm.max_map_count, or have fewer workers",
             strerror(errno));
    return HEDDLE_E_NO_MEMORY;
  }
  stack_t ours{};
  ours.ss_sp = reinterpret_cast<void*>(thread->signal_lo);
  ours.ss_size = thread->signal_hi - thread->signal_lo;
  if (sigaltstack(&ours, &record->program_stack) != 0) {
    log_line(HEDDLE_LOG_ERROR, "sigaltstack: %s", strerror(errno));
    unmake_signal_thread(thread, record);
    return HEDDLE_E_OS;
  }
  thread->preempter_data = record;
  sigset_t ours_only;
  sigemptyset(&ours_only);
  sigaddset(&ours_only, preemption_signal);
  pthread_sigmask(SIG_UNBLOCK, &ours_only, &record->program_mask);
  // Only the thread that calls run() tells: the others inherit its mask, with ours unblocked.
  if (sigismember(&record->program_mask, preemption_signal) == 1)
    blocked_by_program.store(true, std::memory_order_relaxed);
  return HEDDLE_OK;
}

// Waits until no request is under way for this thread, and refuses new ones.
void drain(SignalThread* record) {
  sigset_t ours_only;
  sigemptyset(&ours_only);
  sigaddset(&ours_only, preemption_signal);
  pthread_sigmask(SIG_UNBLOCK, &ours_only, nullptr);
  for (;;) {
    uint32_t seen = kIdle;
    if (record->request.compare_exchange_strong(seen, kClosed)) return;
    // A signal that was sent is taken at the latest when the system call returns. Should it still count as sent then,
    // the program has replaced the handler, and it will not come to ours.
    sched_yield();
    if (seen == kSent && record->request.compare_exchange_strong(seen, kClosed)) return;
  }
}

void leave(HeddleThread* thread) {
  auto* record = static_cast<SignalThread*>(thread->preempter_data);
  if (record == nullptr) return;
  record->alarm.end();
  drain(record);
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  const sigset_t mask = record->program_mask;
  thread->preempter_data = nullptr;
  sigaltstack(&record->program_stack, nullptr);
  unmake_signal_thread(thread, record);
  pthread_sigmask(SIG_SETMASK, &mask, nullptr);
}

int32_t enter_with_alarm(HeddleThread* thread) {
  const int32_t result = enter(thread);
  if (result != HEDDLE_OK) return result;
  auto* record = static_cast<SignalThread*>(thread->preempter_data);
  if (record->alarm.make(preemption_signal, record)) return HEDDLE_OK;
  leave(thread);
  return HEDDLE_E_OS;
}

int32_t request(HeddleThread* thread) {
  auto* record = static_cast<SignalThread*>(thread->preempter_data);
  if (record == nullptr) return HEDDLE_E_INVALID;
  uint32_t seen = kIdle;
  if (!record->request.compare_exchange_strong(seen, kSending)) return seen == kClosed ? HEDDLE_E_INVALID : HEDDLE_OK;
  const int saved_errno = errno;
  const long sent = syscall(SYS_tgkill, getpid(), static_cast<pid_t>(thread->os_thread), preemption_signal);
  errno = saved_errno;
  uint32_t sending = kSending;
  record->request.compare_exchange_strong(sending, sent == 0 ? kSent : kIdle);
  return sent == 0 ? HEDDLE_OK : HEDDLE_E_OS;
}

int32_t arm(HeddleThread* thread, int64_t nanoseconds) {
  auto* record = static_cast<SignalThread*>(thread->preempter_data);
  if (record == nullptr || !record->alarm.made()) return HEDDLE_E_INVALID;
  return record->alarm.set(nanoseconds) == 0 ? HEDDLE_OK : HEDDLE_E_OS;
}

void restore_handler() {
  struct sigaction current {};
  sigaction(preemption_signal, nullptr, &current);
  if (is_ours(current)) sigaction(preemption_signal, &program_action, nullptr);
  handler_installed = false;
}

// The alternate stack and the mask that a worker's thread would have without us. The memory stays: it is shared with the parent until
// somebody writes to it.
void forget_thread(HeddleThread& thread, sigset_t& mask) {
  auto* record = static_cast<SignalThread*>(thread.preempter_data);
  if (record == nullptr) return;
  thread.preempter_data = nullptr;
  sigaltstack(&record->program_stack, nullptr);
  if (blocked_by_program.load(std::memory_order_relaxed)) sigaddset(&mask, preemption_signal);
}

void locate(const void* context, HeddleRegisters* out) {
  *out = interrupted_registers(*static_cast<const ucontext_t*>(context));
}

int32_t inject(void* context) {
  auto& interrupted = *static_cast<ucontext_t*>(context);
  if (own_code.contains(interrupted_registers(interrupted).pc)) return HEDDLE_E_INVALID;
  return inject_preemption(interrupted);
}

}  // namespace

HeddlePreempter signal_preempter{sizeof(HeddlePreempter), 0, "signal", enter, leave, request, locate, inject, nullptr};
HeddlePreempter timer_preempter{
    sizeof(HeddlePreempter), 0, "timer", enter_with_alarm, leave, request, locate, inject, arm};

int32_t open_signal_preempter() {
  preemption_signal = parse_preemption_signal(host->option("/preempter/signal"));
  if (preemption_signal < 0) return HEDDLE_E_INVALID;
  own_code = find_code(reinterpret_cast<uintptr_t>(&heddle_async_preempt));
  signal_preempter.inject_bytes = timer_preempter.inject_bytes = inject_bytes();
  blocked_by_program.store(false, std::memory_order_relaxed);
  const int32_t result = keep_handler();
  handler_installed = result == HEDDLE_OK;
  return result;
}

void close_signal_preempter() {
  if (!handler_installed) return;
  pthread_mutex_lock(&handler_lock);
  restore_handler();
  pthread_mutex_unlock(&handler_lock);
}

void hold_signal_preempter() {
  pthread_mutex_lock(&handler_lock);
  sigset_t ours_only;
  sigemptyset(&ours_only);
  sigaddset(&ours_only, preemption_signal);
  pthread_sigmask(SIG_BLOCK, &ours_only, &mask_before_fork);
}

void resume_signal_preempter() {
  const sigset_t mask = mask_before_fork;
  pthread_mutex_unlock(&handler_lock);
  pthread_sigmask(SIG_SETMASK, &mask, nullptr);
}

void drop_signal_preempter() {
  sigset_t mask = mask_before_fork;
  if (handler_installed) restore_handler();
  HeddleThread* thread = heddle_tls_get();
  if (thread != nullptr) forget_thread(*thread, mask);
  pthread_mutex_unlock(&handler_lock);
  pthread_sigmask(SIG_SETMASK, &mask, nullptr);
}

}  // namespace heddle::port
