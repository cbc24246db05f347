// See thread_watch.hpp.
//
// The CPU clock of a thread (clock_getcpuclockid(3) for threads) says in one system call whether it ran at all. Only if it did not is
// its state read from /proc, which tells a thread that waits from one that the kernel keeps waiting for a processor.
#include "linux/thread_watch.hpp"

#include <fcntl.h>
#include <linux/membarrier.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstring>
#include <ctime>

namespace heddle::port {
namespace {

std::atomic<bool> has_membarrier{false};

// The clock of the CPU time of one thread: linux/posix-timers.h, CPUCLOCK_SCHED and CPUCLOCK_PERTHREAD_MASK.
clockid_t cpu_clock(pid_t thread) {
  return static_cast<clockid_t>(~static_cast<unsigned>(thread) << 3 | 6);
}

// The letter of proc_pid_stat(5), '?' when there is none. The name in front of it may hold anything, parentheses too.
char state_of(pid_t thread) {
  char path[64];
  snprintf(path, sizeof path, "/proc/self/task/%d/stat", static_cast<int>(thread));
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return '?';
  char text[128];
  const ssize_t length = read(file, text, sizeof text - 1);
  close(file);
  text[length < 0 ? 0 : length] = '\0';
  const char* name_end = strrchr(text, ')');
  return name_end != nullptr && name_end[1] == ' ' ? name_end[2] : '?';
}

int32_t waits(const HeddleThread* thread, uint64_t* used) {
  const auto number = static_cast<pid_t>(thread->os_thread);
  timespec time{};
  if (clock_gettime(cpu_clock(number), &time) != 0) return HEDDLE_E_UNSUPPORTED;
  const uint64_t now = static_cast<uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(time.tv_nsec);
  const bool ran = now != *used;
  *used = now;
  if (ran) return 0;
  const char state = state_of(number);
  if (state == '?') return HEDDLE_E_UNSUPPORTED;
  return state == 'S' || state == 'D' ? 1 : 0;
}

int32_t fence() {
  if (!has_membarrier.load(std::memory_order_relaxed)) return HEDDLE_E_UNSUPPORTED;
  return syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) == 0 ? HEDDLE_OK : HEDDLE_E_OS;
}

// /proc/PID/task has a link for each thread beside "." and "..": proc(5).
int32_t count() {
  struct stat tasks {};
  if (stat("/proc/self/task", &tasks) != 0 || tasks.st_nlink < 3) return HEDDLE_E_UNSUPPORTED;
  return static_cast<int32_t>(tasks.st_nlink - 2);
}

}  // namespace

const HeddleThreadWatch thread_watch{sizeof(HeddleThreadWatch), 0, waits, fence, count};

void open_thread_watch() {
  const long registered = syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0);
  has_membarrier.store(registered == 0, std::memory_order_relaxed);
}

}  // namespace heddle::port
