// See system.hpp.
#include "conformance/system.hpp"

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <exception>

#include <heddle/port/preempter.h>

namespace conformance {

const char* const kPreempterId = HEDDLE_PREEMPTER_IID "#signal";
const uint32_t kMemoryFault = SIGSEGV;
const size_t kKeptPages = 0;
const size_t kKeptOfSmallStack = 0;

void* find_in_library(const char* path, const char* symbol, std::string& error) {
  void* library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  void* found = library == nullptr ? nullptr : dlsym(library, symbol);
  if (found == nullptr) error = dlerror();
  return found;
}

bool emulated() {
  return std::getenv("HEDDLE_TEST_EMULATOR") != nullptr;
}

ChildResult run_in_child(const std::function<int()>& body) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(30);
    _exit(body());
  }
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  if (WIFEXITED(status)) return {WEXITSTATUS(status), 0};
  return {-1, static_cast<uint32_t>(WTERMSIG(status))};
}

size_t page_bytes() {
  return static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

uintptr_t thread_id() {
  return static_cast<uintptr_t>(gettid());
}

size_t pages_in_memory(const void* base, size_t pages) {
  std::vector<unsigned char> resident(pages);
  EXPECT_EQ(mincore(const_cast<void*>(base), pages * page_bytes(), resident.data()), 0);
  size_t count = 0;
  for (const unsigned char flags : resident) count += flags & 1;
  return count;
}

std::vector<SystemCode> system_code() {
  void* (*allocate)(size_t) = std::malloc;
  void (*terminate)() = std::terminate;
  return {{"the C library", reinterpret_cast<const void*>(allocate)},
          {"the C++ library", reinterpret_cast<const void*>(terminate)}};
}

// HEDDLE_INTERRUPTIONS are for strategies whose every interruption waits for another thread's turn on a busy machine.
uint64_t interruptions(uint64_t count) {
  const char* fewer = std::getenv("HEDDLE_INTERRUPTIONS");
  return fewer == nullptr ? count : std::strtoull(fewer, nullptr, 10);
}

// The signal mask and the alternate stack. Thread 0 blocks one signal, thread 1 another.
namespace {
int blocked_by(int number) {
  return number == 0 ? SIGUSR1 : SIGUSR2;
}
}  // namespace

void mark_thread(int number) {
  sigset_t blocked;
  sigemptyset(&blocked);
  sigaddset(&blocked, blocked_by(number));
  pthread_sigmask(SIG_BLOCK, &blocked, nullptr);
}

uint64_t wrong_marks(int number, const HeddleThread& thread, const void* machine_context) {
  const sigset_t& mask = static_cast<const ucontext_t*>(machine_context)->uc_sigmask;
  uint64_t wrong = 0;
  if (sigismember(&mask, blocked_by(number)) != 1) ++wrong;
  if (sigismember(&mask, blocked_by(1 - number)) != 0) ++wrong;
  stack_t alternate{};
  sigaltstack(nullptr, &alternate);
  if (reinterpret_cast<uintptr_t>(alternate.ss_sp) != thread.signal_lo) ++wrong;
  return wrong;
}

}  // namespace conformance
