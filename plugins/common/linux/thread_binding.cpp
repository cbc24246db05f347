// See thread_binding.hpp. The value of the pthread key is the function to call, so that a thread that ends needs no
// other record of ours; the slot itself is static TLS and can be read until the thread is gone.
#include "linux/thread_binding.hpp"

#include <pthread.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "host.hpp"
#include "machine.h"

namespace heddle::port {
namespace {

using Exited = void (*)(HeddleThread* thread);

pthread_key_t exit_key;
bool has_exit_key = false;

void thread_ends(void* exited) {
  HeddleThread* thread = heddle_tls_get();
  if (thread != nullptr) reinterpret_cast<Exited>(exited)(thread);
}

int32_t find_system_stack(HeddleThread* thread) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  const int error = pthread_getattr_np(pthread_self(), &attributes);
  if (error != 0) {
    log_line(HEDDLE_LOG_ERROR, "bind: pthread_getattr_np cannot tell the bounds of this thread's stack: %s", strerror(error));
    pthread_attr_destroy(&attributes);
    return HEDDLE_E_OS;
  }
  void* lowest = nullptr;
  size_t bytes = 0;
  pthread_attr_getstack(&attributes, &lowest, &bytes);
  pthread_attr_destroy(&attributes);
  thread->system_lo = reinterpret_cast<uintptr_t>(lowest);
  thread->system_hi = thread->system_lo + bytes;
  return HEDDLE_OK;
}

int32_t bind(HeddleThread* thread) {
  if (thread == nullptr) return HEDDLE_E_INVALID;
  const int32_t result = find_system_stack(thread);
  if (result != HEDDLE_OK) return result;
  thread->os_thread = static_cast<uintptr_t>(gettid());
  heddle_tls_set(thread);
  return HEDDLE_OK;
}

int32_t on_thread_exit(Exited exited) {
  if (!has_exit_key) return HEDDLE_E_UNSUPPORTED;
  const int error = pthread_setspecific(exit_key, reinterpret_cast<void*>(exited));
  if (error == 0) return HEDDLE_OK;
  log_line(HEDDLE_LOG_ERROR, "on_thread_exit: pthread_setspecific: %s", strerror(error));
  return error == ENOMEM ? HEDDLE_E_NO_MEMORY : HEDDLE_E_OS;
}

}  // namespace

const HeddleTlsProvider tls_provider{
    sizeof(HeddleTlsProvider), 0, bind, heddle_tls_get, heddle_tls_clear, on_thread_exit, heddle_tls_set, kStackLimit};

int32_t open_thread_binding() {
  const int error = pthread_key_create(&exit_key, thread_ends);
  if (error == 0) {
    has_exit_key = true;
    return HEDDLE_OK;
  }
  log_line(HEDDLE_LOG_ERROR, "pthread_key_create: %s; a process has %d keys, and libraries have taken them all",
           strerror(error), static_cast<int>(sysconf(_SC_THREAD_KEYS_MAX)));
  return HEDDLE_E_OS;
}

void close_thread_binding() {
  if (has_exit_key) pthread_key_delete(exit_key);
  has_exit_key = false;
}

}  // namespace heddle::port
