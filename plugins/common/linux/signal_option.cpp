// See signal_option.hpp. SIGURG is the default since debuggers pass it through, the C library does not use it, and a
// program that gets one too many ignores it.
#include "linux/signal_option.hpp"

#include <csignal>
#include <cstdlib>
#include <cstring>

#include "host.hpp"

namespace heddle::port {
namespace {

constexpr int kLastReserved = 34;  // 32 to 34 belong to the C library's threads, whatever SIGRTMIN says

int signal_number(const char* text) {
  char* end = nullptr;
  if (strncmp(text, "SIGRTMIN", 8) == 0) {
    if (text[8] == '\0') return SIGRTMIN;
    if (text[8] != '+') return -1;
    const long offset = strtol(text + 9, &end, 10);
    return end != text + 9 && *end == '\0' && offset >= 0 && SIGRTMIN + offset <= SIGRTMAX
               ? SIGRTMIN + static_cast<int>(offset)
               : -1;
  }
  if (strncmp(text, "SIG", 3) == 0) {
    for (int number = 1; number < NSIG; ++number) {
      const char* name = sigabbrev_np(number);
      if (name != nullptr && strcmp(name, text + 3) == 0) return number;
    }
    return -1;
  }
  const long number = strtol(text, &end, 10);
  return end != text && *end == '\0' && number > 0 && number <= SIGRTMAX ? static_cast<int>(number) : -1;
}

// Why that signal cannot preempt; null when it can.
const char* objection(int number) {
  switch (number) {
    case SIGKILL:
    case SIGSTOP:
      return "the kernel lets nobody handle it";
    case SIGSEGV:
    case SIGBUS:
    case SIGFPE:
    case SIGILL:
    case SIGTRAP:
    case SIGSYS:
    case SIGABRT:
      return "it reports a fault of the program";
    case SIGTSTP:
    case SIGTTIN:
    case SIGTTOU:
    case SIGCONT:
      return "it belongs to the shell's job control";
    case SIGPIPE:
    case SIGCHLD:
      return "the kernel sends it to the program for reasons of its own";
    default:
      return number >= 32 && number <= kLastReserved ? "it is reserved for the C library's threads" : nullptr;
  }
}

}  // namespace

int parse_preemption_signal(const char* text) {
  if (text == nullptr || strcmp(text, "default") == 0) return SIGURG;
  const int number = signal_number(text);
  if (number < 0) {
    log_line(HEDDLE_LOG_ERROR,
             "/preempter/signal: \"%s\" is no signal; give a name such as \"SIGUSR2\" or \"SIGRTMIN+3\", a number, or "
             "\"default\" (SIGURG)",
             text);
    return -1;
  }
  const char* reason = objection(number);
  if (reason == nullptr) return number;
  log_line(
      HEDDLE_LOG_ERROR,
      "/preempter/signal: %s (signal %d) cannot be used for preemption: %s; take SIGURG, SIGUSR1, SIGUSR2 or one from "
      "SIGRTMIN+1 to SIGRTMIN+%d",
      text, number, reason, SIGRTMAX - SIGRTMIN);
  return -1;
}

}  // namespace heddle::port
