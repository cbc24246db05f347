// What a process can find out about itself, and how a fiber waits for another one.
#pragma once

#include <heddle/this_fiber.hpp>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <sys/wait.h>
#include <unistd.h>

namespace heddle::test {

/// Is the signal blocked in the calling thread?
inline bool is_blocked(int signal) {
  sigset_t mask;
  pthread_sigmask(SIG_BLOCK, nullptr, &mask);
  return sigismember(&mask, signal) == 1;
}

/// The handler of a signal, or SIG_DFL or SIG_IGN, as a number.
inline std::uintptr_t disposition(int signal) {
  struct sigaction action {};
  sigaction(signal, nullptr, &action);
  return (action.sa_flags & SA_SIGINFO) != 0 ? reinterpret_cast<std::uintptr_t>(action.sa_sigaction)
                                             : reinterpret_cast<std::uintptr_t>(action.sa_handler);
}

inline bool has_signal_stack() {
  stack_t stack{};
  sigaltstack(nullptr, &stack);
  return (stack.ss_flags & SS_DISABLE) == 0;
}

inline std::ptrdiff_t thread_count() {
  const std::filesystem::directory_iterator threads("/proc/self/task");
  return std::distance(begin(threads), end(threads));
}

/// POSIX timers; none where the kernel does not list them.
inline int timer_count() {
  std::ifstream timers("/proc/self/timers");
  int count = 0;
  for (std::string line; std::getline(timers, line);) count += line.rfind("ID:", 0) == 0;
  return count;
}

/// The wait status of a child of this process; a fiber leaves its processor to the others meanwhile.
inline int wait_for(pid_t child) {
  int status = 0;
  for (;;) {
    const pid_t found = waitpid(child, &status, WNOHANG);
    if (found == child) return status;
    if (found < 0 && errno != EINTR) return -1;
    if (this_fiber::get_id() == FiberId())
      usleep(1'000);
    else
      this_fiber::sleep_for(std::chrono::milliseconds(1));
  }
}

}  // namespace heddle::test
