// See stack_memory.hpp.
//
// MADV_GUARD_INSTALL (Linux 6.13, madvise(2)) marks pages in the page table: a million guards in one mapping. Before
// that, mprotect splits the mapping at each guard, so vm.max_map_count bounds the number of stacks.
#include "linux/stack_memory.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "host.hpp"

namespace heddle::port {
namespace {

constexpr int kMadvGuardInstall = 102;  // asm-generic/mman-common.h; younger than Debian 12's headers

std::atomic<bool> kernel_has_guards{false};

// Installs a guard to see whether one is there. Its success alone says nothing: emulators of the kernel report it for advice
// that they do not know. A system call that writes to the page fails only if the guard is real. This one, because Valgrind hands it
// to the kernel as it is: many others read their arguments in Valgrind's own code, which then meets the guard.
bool try_guards(size_t page_bytes) {
  void* page = mmap(nullptr, page_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return false;
  const bool guarded = madvise(page, page_bytes, kMadvGuardInstall) == 0 && getrandom(page, 1, GRND_NONBLOCK) < 0 &&
                       errno == EFAULT;
  munmap(page, page_bytes);
  return guarded;
}

// The first number in a file of the kernel's. Takes no memory: there may be none.
unsigned long long number_in(const char* path, unsigned long long otherwise) {
  char text[32];
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return otherwise;
  const ssize_t length = read(file, text, sizeof text - 1);
  close(file);
  if (length <= 0) return otherwise;
  text[length] = 0;
  return strtoull(text, nullptr, 10);
}

int32_t report_address_space(const char* call, size_t bytes, unsigned long long limit) {
  log_line(HEDDLE_LOG_ERROR,
           "stack memory: %s of %zu bytes: no address space; a process may have %llu bytes of it (RLIMIT_AS): raise "
           "that with `ulimit -v "
           "unlimited`, or have fewer fibers or a smaller stack.size",
           call, bytes, limit);
  return HEDDLE_E_NO_MEMORY;
}

int32_t report_commit_limit(const char* call, size_t bytes) {
  log_line(HEDDLE_LOG_ERROR,
           "stack memory: %s of %zu bytes: no memory; the kernel counts what is not touched too (vm.overcommit_memory "
           "is 2): "
           "allow more with `sysctl -w vm.overcommit_ratio`, or have `sysctl -w vm.overcommit_memory=0`",
           call, bytes);
  return HEDDLE_E_NO_MEMORY;
}

int32_t report_mappings(const char* call, size_t bytes) {
  const unsigned long long most = number_in("/proc/sys/vm/max_map_count", 65530);  // the kernel's default
  log_line(
      HEDDLE_LOG_ERROR,
      "stack memory: %s of %zu bytes: no mapping; a process may have vm.max_map_count = %llu of them: raise it with "
      "`sysctl -w vm.max_map_count=%llu`, or do without guards (stack.guard)",
      call, bytes, most, 4 * most);
  return HEDDLE_E_NO_MEMORY;
}

int32_t report_failure(const char* call, size_t bytes, int error) {
  if (error != ENOMEM) {
    log_line(HEDDLE_LOG_ERROR, "stack memory: %s of %zu bytes: %s", call, bytes, strerror(error));
    return HEDDLE_E_OS;
  }
  const size_t page = stack_memory.page_bytes;
  const unsigned long long pages = number_in("/proc/self/statm", 0) + bytes / page;
  rlimit limit{};
  if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY && pages >= limit.rlim_cur / page)
    return report_address_space(call, bytes, limit.rlim_cur);
  // Less than the whole, which has holes too small for this.
  if (pages > SIZE_MAX / 4 / page) return report_address_space(call, bytes, SIZE_MAX);
  if (number_in("/proc/sys/vm/overcommit_memory", 0) == 2) return report_commit_limit(call, bytes);
  return report_mappings(call, bytes);
}

// 0 or the errno of the call that failed.
int install_guard(void* page, size_t bytes) {
  if (kernel_has_guards.load(std::memory_order_relaxed)) {
    if (madvise(page, bytes, kMadvGuardInstall) == 0) return 0;
    if (errno != EINVAL) return errno;
    kernel_has_guards.store(false, std::memory_order_relaxed);
  }
  return mprotect(page, bytes, PROT_NONE) == 0 ? 0 : errno;
}

// The guards of a whole batch by one call, which takes half the time: young kernels have process_madvise do to a process's own memory what
// madvise does. False: one by one then. The first batches go one by one anyway: under Valgrind, which has no such call, a program is told
// so only when it has a thousand fibers.
bool install_guards_at_once(char* base, size_t bytes, size_t guard_bytes, size_t count) {
  constexpr size_t kMost = 64;
  constexpr int kSingleBatches = 16;
  constexpr int kSelf = -10001;  // PIDFD_SELF_THREAD_GROUP of linux/pidfd.h
  static std::atomic<int> batches{0};
  if (count > kMost || !kernel_has_guards.load(std::memory_order_relaxed) || batches.load(std::memory_order_relaxed) < 0)
    return false;
  if (batches.load(std::memory_order_relaxed) < kSingleBatches) {
    batches.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  iovec guards[kMost];
  for (size_t i = 0; i < count; ++i) guards[i] = {base + i * bytes, guard_bytes};
  const auto done = syscall(SYS_process_madvise, kSelf, guards, count, kMadvGuardInstall, 0);
  if (done == static_cast<long>(count * guard_bytes)) return true;
  if (done < 0 && errno != ENOMEM) batches.store(INT_MIN, std::memory_order_relaxed);  // it cannot be had
  return false;
}

// Likewise 0 or an errno.
int install_guards(char* base, size_t bytes, size_t guard_bytes, size_t count) {
  if (guard_bytes == 0 || install_guards_at_once(base, bytes, guard_bytes, count)) return 0;
  int error = 0;
  for (size_t i = 0; error == 0 && i < count; ++i) error = install_guard(base + i * bytes, guard_bytes);
  return error;
}

int32_t reserve(size_t bytes, size_t guard_bytes, size_t count, void** out) {
  const size_t page = stack_memory.page_bytes;
  if (out == nullptr || bytes == 0 || count == 0 || bytes % page != 0 || guard_bytes % page != 0 || guard_bytes >= bytes) {
    log_line(HEDDLE_LOG_ERROR,
             "stack memory: %zu stacks of %zu bytes with a guard of %zu: sizes must be multiples of %zu, "
             "and the guard smaller than the stack",
             count, bytes, guard_bytes, page);
    return HEDDLE_E_INVALID;
  }
  size_t total = 0;
  if (__builtin_mul_overflow(bytes, count, &total)) return report_failure("mmap", SIZE_MAX, ENOMEM);
  void* base = mmap(nullptr, total, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  if (base == MAP_FAILED) return report_failure("mmap", total, errno);
  // A huge page would commit many stacks at the first touch of one. Advice: a kernel without huge pages refuses it.
  madvise(base, total, MADV_NOHUGEPAGE);
  if (const int error = install_guards(static_cast<char*>(base), bytes, guard_bytes, count); error != 0) {
    munmap(base, total);
    return error == ENOMEM ? report_mappings("guard", guard_bytes) : report_failure("guard", guard_bytes, error);
  }
  *out = base;
  return HEDDLE_OK;
}

void release(void* base, size_t bytes, size_t count) {
  if (munmap(base, bytes * count) != 0) report_failure("munmap", bytes * count, errno);
}

void discard(void* base, size_t bytes) {
  // EINVAL: locked in memory, as mlockall(2) wants it.
  if (madvise(base, bytes, MADV_DONTNEED) != 0 && errno != EINVAL) report_failure("madvise", bytes, errno);
}

}  // namespace

HeddleStackMemory stack_memory{sizeof(HeddleStackMemory), 4096, reserve, release, discard, 0};

void open_stack_memory() {
  stack_memory.page_bytes = static_cast<uint32_t>(sysconf(_SC_PAGESIZE));
  kernel_has_guards.store(try_guards(stack_memory.page_bytes), std::memory_order_relaxed);
}

}  // namespace heddle::port
