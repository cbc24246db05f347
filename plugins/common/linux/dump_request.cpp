// See dump_request.hpp. The handler only posts a semaphore; a thread that waits for it does what no handler may do. sigwait(3) would
// need no handler, but every thread of the program would have to block the signal.
#include "linux/dump_request.hpp"

#include <pthread.h>
#include <semaphore.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "host.hpp"

namespace heddle::port {
namespace {

constexpr size_t kStackBytes = 256 << 10;  // asked() writes a dump, with room for what the C++ library needs

using Asked = void (*)(const char* event);

sem_t wanted;
std::atomic<bool> ended{false};
Asked on_quit = nullptr;
pthread_t watcher;

void handle(int) {
  const int saved_errno = errno;
  sem_post(&wanted);
  errno = saved_errno;
}

void* wait_for_quit(void*) {
  for (;;) {
    while (sem_wait(&wanted) != 0) continue;
    if (ended.load()) return nullptr;
    on_quit("SIGQUIT");
  }
}

int start_watcher() {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, kStackBytes);
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);  // signals are for the program's threads
  const int error = pthread_create(&watcher, &attributes, wait_for_quit, nullptr);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_attr_destroy(&attributes);
  return error;
}

void stop_watcher() {
  ended.store(true);
  sem_post(&wanted);
  pthread_join(watcher, nullptr);
  sem_destroy(&wanted);
}

int32_t watch(Asked asked) {
  struct sigaction current {};
  sigaction(SIGQUIT, nullptr, &current);
  if ((current.sa_flags & SA_SIGINFO) != 0 || current.sa_handler != SIG_DFL) return HEDDLE_E_UNSUPPORTED;
  on_quit = asked;
  ended.store(false);
  sem_init(&wanted, 0, 0);
  if (const int error = start_watcher(); error != 0) {
    log_line(HEDDLE_LOG_WARNING, "SIGQUIT shows no fibers: pthread_create: %s", strerror(error));
    sem_destroy(&wanted);
    return HEDDLE_E_OS;
  }
  struct sigaction ours {};
  ours.sa_handler = handle;
  ours.sa_flags = SA_ONSTACK | SA_RESTART;
  sigfillset(&ours.sa_mask);
  sigaction(SIGQUIT, &ours, nullptr);
  return HEDDLE_OK;
}

void unwatch() {
  struct sigaction current {};
  sigaction(SIGQUIT, nullptr, &current);
  if ((current.sa_flags & SA_SIGINFO) == 0 && current.sa_handler == handle) signal(SIGQUIT, SIG_DFL);
  stop_watcher();
}

}  // namespace

const HeddleDumpRequest dump_request{sizeof(HeddleDumpRequest), 1, watch, unwatch, nullptr};

}  // namespace heddle::port
